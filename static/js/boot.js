// @ts-check
// Runs before the first paint, so that nothing shifts or flashes when the modules arrive.
document.documentElement.classList.add("js");
try {
  document.documentElement.classList.toggle("folded", localStorage.getItem("sidebar") === "folded");
} catch {
  // Storage is closed to this page: the list of chats stays open.
}

// The list of chats is grouped by days where the reader is: the server learns of the time zone by the next page.
try {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`timezone=${zone}`)) document.cookie = `timezone=${zone}; path=/; max-age=31536000; samesite=lax`;
} catch {
  // Cookies are closed to this page: the days are those of Greenwich until its script has come.
}
