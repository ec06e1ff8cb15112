// @ts-check
import { installed } from "./installed.js";

// The system's notifications. They are shown by the page's worker, for on phones a page may not show any itself; a press on
// one comes to it too (static/js/worker.js).

/** @typedef {NotificationPermission | "missing"} Permission  missing: this browser shows none for this page. */

/** @returns {Promise<Permission>} */
export async function permission() {
  return "Notification" in window && (await worker()) ? Notification.permission : "missing";
}

/** Ask the reader, where that was not done yet; to be called while a switch is pressed. @returns {Promise<Permission>} */
export async function askPermission() {
  if ("Notification" in window) await Notification.requestPermission();
  return permission();
}

/** @param {{title: string, body: string, path: string, tag: string}} notification the path of what it is about; one with the same tag is replaced */
export async function notify({ title, body, path, tag }) {
  const { lang } = document.documentElement;
  const icon = document.querySelector("link[rel=apple-touch-icon]")?.getAttribute("href");
  (await worker())?.postMessage({ title, options: { body, tag, lang, icon, data: { path } } });
}

/** What is about this path is seen now. @param {string} path */
export async function withdraw(path) {
  const shown = (await (await registration())?.getNotifications()) ?? [];
  for (const each of shown) if (each.data?.path === path) each.close();
}

/** The present one: the first may have been followed by that of a newer version. */
async function worker() {
  await installed;
  return (await registration())?.active;
}

async function registration() {
  return navigator.serviceWorker?.getRegistration().catch(() => undefined);
}
