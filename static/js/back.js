// @ts-check
// On the page that says that the server cannot be reached: looks whether it can again.
import "./worn.js";

const EVERY_MS = 3000;

addEventListener("online", () => location.reload());
setInterval(async () => {
  const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
  if (answer?.ok) location.reload();
}, EVERY_MS);
