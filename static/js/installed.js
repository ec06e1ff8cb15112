// @ts-check

/** What shows a page of ours while the server cannot be reached; a browser without such workers shows its own. */
export async function installWorker() {
  if (!("serviceWorker" in navigator)) return;
  const worker = new URL("worker.js", import.meta.url);
  try {
    await navigator.serviceWorker.register(worker, { scope: "/" });
  } catch {
    return; // Not over plain HTTP, and not where storage is closed to this page.
  }
  const { active } = await navigator.serviceWorker.ready;
  active?.postMessage({ language: document.documentElement.lang });
}
