import type { Json, Properties } from "../api/types";
import { values } from "./format";
import type { Piece } from "./snippet";

/** Letters and digits only, lower case, accents dropped: what two spellings of one value share. */
export const normal = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "");

const tokens = (text: string): string[] => text.match(/[\p{L}\p{N}]+/gu) ?? [];

export interface Row {
  name: string;
  values: string[];
  /** The link type compares this property. */
  linked: boolean;
  /** One of the values also stands on the other side. */
  equal: boolean;
}

function allNormal(properties: Properties): Set<string> {
  const found = new Set<string>();
  for (const value of Object.values(properties)) {
    for (const text of values(value as Json)) {
      const key = normal(text);
      // One or two letters are equal by chance.
      if (key.length > 2 || (key.length > 1 && /\d/.test(key))) found.add(key);
    }
  }
  return found;
}

/** One side of an example pair for showing: compared properties first, then equal ones, then the rest. */
export function rows(properties: Properties, columns: string[], other: Properties): Row[] {
  const known = allNormal(other);
  const result = Object.entries(properties)
    .map(([name, value]) => ({ name, values: values(value) }))
    .filter((row) => row.values.length > 0)
    .map((row) => ({
      ...row,
      linked: columns.includes(row.name),
      equal: row.values.some((text) => known.has(normal(text))),
    }));
  const weight = (row: Row): number => (row.linked ? 0 : row.equal ? 1 : 2);
  return result.sort((a, b) => weight(a) - weight(b));
}

/** `text` with the words marked that also occur in `other`. */
export function sharedWords(text: string, other: string): Piece[] {
  const known = new Set(
    tokens(other)
      .map(normal)
      .filter((token) => token.length > 2 || /\d/.test(token)),
  );
  const whole = normal(text);
  if (whole && whole === normal(other)) return [{ text, mark: true }];
  const parts = text.split(/([\p{L}\p{N}]+)/u);
  const hit = (index: number): boolean => known.has(normal(parts[index] ?? ""));
  const result: Piece[] = [];
  parts.forEach((part, index) => {
    if (!part) return;
    // Odd parts are words; a space between two marked words is marked with them.
    const mark = index % 2 ? hit(index) : part.trim() === "" && hit(index - 1) && hit(index + 1);
    const last = result[result.length - 1];
    if (last?.mark === mark) last.text += part;
    else result.push({ text: part, mark });
  });
  return result;
}
