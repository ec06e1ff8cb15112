// Runs before the first paint, so that nothing shifts or flashes when the modules arrive.
document.documentElement.classList.add("js");
try {
  document.documentElement.classList.toggle("folded", localStorage.getItem("sidebar") === "folded");
} catch {
  // Storage is closed to this page: the list of chats stays open.
}
