// @ts-check
/** @import {Attached} from "./types.js" */
import { request } from "./server.js";
import { t } from "./words.js";

// Files on their way to the server, which looks at them again (chatstream/chats/files.py has the limits).

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const IMAGE_MAX = 5_000_000;
const TEXT_MAX = 200_000;

/**
 * Why a file cannot be sent, in words; nothing where it can.
 *
 * @param {File} file
 * @returns {Promise<string>}
 */
export async function refusal(file) {
  const { name, size, type } = file;
  if (size === 0) return t("“{name}” is empty.", { name });
  if (IMAGES.includes(type)) return size > IMAGE_MAX ? t("“{name}” is larger than 5 MB. Send a smaller image.", { name }) : "";
  if (type.startsWith("image/")) return t("“{name}” is no image that can be sent. PNG, JPEG, GIF and WebP can.", { name });
  if (size > 4 * TEXT_MAX) return t("“{name}” is too large. Text files can have 200,000 characters.", { name });
  const text = await decoded(file);
  if (text === null) return t("“{name}” is no file that can be sent. Images (PNG, JPEG, GIF, WebP) and text files can.", { name });
  return text.length > TEXT_MAX ? t("“{name}” is too large. Text files can have 200,000 characters.", { name }) : "";
}

/**
 * @param {File} file
 * @param {string} model that is to see it; empty for the default one
 * @param {AbortSignal} signal
 * @returns {Promise<Attached>} throws as `request`
 */
export async function upload(file, model, signal) {
  const query = new URLSearchParams({ name: file.name, model });
  const headers = { "Content-Type": "application/octet-stream" };
  const response = await request(`/files?${query}`, { method: "POST", headers, body: file, signal });
  return response.json();
}

/** An upload that is not to be asked about. One that belongs to a question stays. @param {string} id */
export async function discard(id) {
  await request(`/files/${id}`, { method: "DELETE", keepalive: true }).catch(() => {}); // it goes by itself, after a day
}

/** @param {File} file @returns {Promise<string | null>} null where it is no text in UTF-8 */
async function decoded(file) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
