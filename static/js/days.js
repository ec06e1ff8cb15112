// @ts-check
import { language, t } from "./words.js";

const DAY_MS = 86_400_000;
export const PINNED = t("Pinned");

/**
 * The group of what happened then, by the days where the reader is. chatstream/web/days.py names them the same way.
 *
 * @param {number} at
 * @param {Date} [now]
 */
export function day(at, now = new Date()) {
  const then = new Date(at);
  const ago = Math.round((midnight(now) - midnight(then)) / DAY_MS); // an hour more or less where clocks are changed
  if (ago <= 0) return t("Today");
  if (ago === 1) return t("Yesterday");
  if (ago <= 7) return t("Previous 7 days");
  return then.toLocaleDateString(language, { month: "long", year: "numeric" });
}

/** @param {Date} date */
function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
