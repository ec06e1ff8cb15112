// @ts-check
// Shows a page of ours where the browser would show its own, because the server cannot be reached. Nothing else passes
// through here: answers are read from the network as without it. And it shows the notifications of pages, which may not
// everywhere do so themselves.
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const FILES = new URL("..", location.href).pathname;
const OFFLINE = "/offline";
const KEPT = [OFFLINE, `${FILES}page.css`, `${FILES}js/back.js`];

worker.addEventListener("install", (event) => {
  // A browser that knows routes does not even start this for what it leaves to the network.
  if ("addRoutes" in event) {
    const others = { not: { or: [{ requestMode: "navigate" }, ...KEPT.map((pathname) => ({ urlPattern: { pathname } }))] } };
    /** @type {any} */ (event).addRoutes([{ condition: others, source: "network" }]);
  }
  event.waitUntil(keep());
});

worker.addEventListener("activate", (event) => event.waitUntil(takeOver()));

worker.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate") event.respondWith(page(event));
  else if (KEPT.includes(new URL(event.request.url).pathname)) event.respondWith(kept(event.request));
});

worker.addEventListener("message", (event) => {
  const { looks, title, options } = event.data;
  if (looks) event.waitUntil(agree(looks));
  if (title) event.waitUntil(tell(title, options, /** @type {Client} */ (event.source).id));
});

worker.addEventListener("notificationclick", (event) => event.waitUntil(lead(event.notification)));

async function keep() {
  const cache = await caches.open(FILES);
  await cache.addAll(KEPT);
  await worker.skipWaiting();
}

/** Files of earlier versions go; pages are asked for while this is being started. */
async function takeOver() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== FILES).map((name) => caches.delete(name)));
  await worker.registration.navigationPreload?.enable();
  await worker.clients.claim();
}

/** @param {FetchEvent} event */
async function page(event) {
  try {
    return /** @type {Response} */ (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    return (await caches.match(OFFLINE)) ?? Response.error();
  }
}

/** @param {Request} request */
async function kept(request) {
  return (await caches.match(request)) ?? fetch(request);
}

/** The page that is kept has the language and the theme of the pages: others may have been chosen since. @param {string[]} looks as it says them */
async function agree(looks) {
  const cache = await caches.open(FILES);
  const present = await (await cache.match(OFFLINE))?.text();
  if (!looks.every((said) => present?.includes(said))) await cache.add(OFFLINE);
}

/** Not where the reader has come back meanwhile. @param {string} title @param {NotificationOptions} options @param {string} tab that asks for it */
async function tell(title, options, tab) {
  const asking = await worker.clients.get(tab);
  if (asking instanceof WindowClient && asking.visibilityState === "visible") return;
  await worker.registration.showNotification(title, { ...options, data: { ...options.data, tab } });
}

/** To the tab that it came from, or else to what it is about. @param {Notification} notification */
async function lead(notification) {
  const { tab, path } = notification.data;
  notification.close();
  const there = await worker.clients.get(tab);
  if (there instanceof WindowClient) await there.focus();
  else await worker.clients.openWindow(path);
}
