// @ts-check
/** @import {Preset, Settings} from "./types.js" */
import { request } from "./server.js";

/** @returns {Promise<Preset[]>} */
export async function readPresets() {
  const response = await request("/presets");
  return (await response.json()).presets;
}

/** One with the same name is replaced. @param {Settings & {name: string}} preset @returns {Promise<Preset>} */
export async function keepPreset(preset) {
  const response = await request("/presets", { method: "POST", body: JSON.stringify(preset) });
  return response.json();
}

/** @param {string} id */
export async function dropPreset(id) {
  await request(`/presets/${id}`, { method: "DELETE" });
}

/** One at most is the default. @param {string} id @param {boolean} isDefault */
export async function setDefault(id, isDefault) {
  await request(`/presets/${id}`, { method: "PATCH", body: JSON.stringify({ default: isDefault }) });
}
