// @ts-check

const ENTITY = /&(?:#x([a-f0-9]{1,6})|#([0-9]{1,7})|([a-z][a-z0-9]{1,31}));/iy;

/** What has the form of an entity at that place; empty where nothing has. @param {string} source @param {number} at */
export function entityAt(source, at) {
  return parts(source, at)?.[0] ?? "";
}

/** An entity's character; null for a name that there is not. @param {string} entity */
export function decode(entity) {
  const [, hex, decimal] = parts(entity, 0) ?? [];
  if (hex || decimal) return character(Number.parseInt(hex ?? decimal ?? "", hex ? 16 : 10));
  const field = document.createElement("textarea"); // takes entities, and neither tags nor scripts
  field.innerHTML = entity;
  return field.value === entity ? null : field.value;
}

/** @param {string} source @param {number} at */
function parts(source, at) {
  ENTITY.lastIndex = at;
  return ENTITY.exec(source);
}

/** @param {number} number */
function character(number) {
  const none = number > 0x10ffff || (number >= 0xd800 && number < 0xe000) || (number >= 0xfdd0 && number <= 0xfdef) || (number & 0xfffe) === 0xfffe;
  const control = number < 9 || number === 11 || (number > 13 && number < 32) || (number > 126 && number < 160);
  return none || control ? "\uFFFD" : String.fromCodePoint(number);
}
