// @ts-check

/** @type {() => void} */
let known;

/** Given once the page's worker works, or it is known that the browser has none for this page. @type {Promise<void>} */
export const installed = new Promise((resolve) => (known = resolve));

/** What shows a page of ours while the server cannot be reached; a browser without such workers shows its own. */
export async function installWorker() {
  const worker = await registered().catch(() => undefined); // Not over plain HTTP, and not where storage is closed to this page.
  worker?.postMessage(looks());
  known();
}

/** The page that is shown while the server cannot be reached is to look like this one. */
export function agree() {
  navigator.serviceWorker?.controller?.postMessage(looks());
}

function looks() {
  const { lang, dataset } = document.documentElement;
  return { looks: [`lang="${lang}"`, `data-theme="${dataset.theme}"`] };
}

async function registered() {
  const worker = new URL("worker.js", import.meta.url);
  const { active, waiting, installing } = await navigator.serviceWorker.register(worker, { scope: "/" });
  const coming = waiting ?? installing;
  return active ?? (coming ? working(coming) : undefined);
}

/** @param {ServiceWorker} worker @returns {Promise<ServiceWorker | undefined>} */
function working(worker) {
  return new Promise((resolve) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve(worker);
      if (worker.state === "redundant") resolve(undefined);
    });
  });
}
