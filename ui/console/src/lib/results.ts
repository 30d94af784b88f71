import type { DataTable, Json } from "../api/types";
import type { Behind } from "./behind";

/** An answer for showing: always as JSON, and as a table where it has rows. */
export interface Answer {
  json: Json;
  table: DataTable | undefined;
  count: number;
  /** What it leaves out. */
  behind?: Behind | undefined;
}

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Objects become rows with the union of their keys as columns, other values one column. */
export function tableOf(items: Json[]): DataTable {
  const columns: string[] = [];
  const seen = new Set<string>();
  const plain = items.some((item) => !isObject(item));
  if (plain) return { columns: ["value"], rows: items.map((item) => [item]) };
  for (const item of items as { [key: string]: Json }[]) {
    for (const key of Object.keys(item)) {
      if (!seen.has(key)) {
        seen.add(key);
        columns.push(key);
      }
    }
  }
  return {
    columns,
    rows: (items as { [key: string]: Json }[]).map((item) => columns.map((column) => item[column] ?? null)),
  };
}

/** A Gremlin vertex has its properties one level down; they are what people want to see as columns. */
function flattenElement(item: Json): Json {
  if (!isObject(item) || !isObject(item.properties) || !("label" in item)) return item;
  const flat: { [key: string]: Json } = { id: item.id ?? null, label: item.label ?? null };
  for (const [name, entries] of Object.entries(item.properties)) {
    const all = (Array.isArray(entries) ? entries : [entries]).map((entry) =>
      isObject(entry) && "value" in entry ? entry.value! : entry,
    );
    flat[name] = all.length === 1 ? all[0]! : all;
  }
  if ("outV" in item) flat.outV = item.outV!;
  if ("inV" in item) flat.inV = item.inV!;
  return flat;
}

/** One map of scalars, such as a group count, reads better downwards. */
const isCounts = (value: Json | undefined): value is { [key: string]: Json } =>
  isObject(value) && !("label" in value) && Object.values(value).every((inner) => typeof inner !== "object");

/** The items of a GraphSON reply, typed lists (`{"@type": "g:List"}`) unwrapped. */
export function gremlinAnswer(reply: Json): Answer {
  const result = isObject(reply) ? reply.result : undefined;
  const data = isObject(result) ? result.data : undefined;
  const list = isObject(data) && "@value" in data ? data["@value"] : data;
  const items = Array.isArray(list) ? list : list === undefined || list === null ? [] : [list];
  const [only] = items;
  if (items.length === 1 && isCounts(only))
    return {
      json: items,
      table: { columns: ["key", "value"], rows: Object.entries(only) },
      count: Object.keys(only).length,
    };
  return { json: items, table: tableOf(items.map(flattenElement)), count: items.length };
}

export function sparqlAnswer(reply: Json): Answer {
  if (!isObject(reply)) return { json: reply, table: undefined, count: 0 };
  if (typeof reply.boolean === "boolean")
    return { json: reply, table: { columns: ["answer"], rows: [[reply.boolean]] }, count: 1 };
  const head = isObject(reply.head) && Array.isArray(reply.head.vars) ? reply.head.vars.map(String) : [];
  const bindings = isObject(reply.results) && Array.isArray(reply.results.bindings) ? reply.results.bindings : [];
  const rows = bindings.map((binding) =>
    head.map((name) => {
      const term = isObject(binding) ? binding[name] : undefined;
      return isObject(term) ? (term.value ?? null) : null;
    }),
  );
  return { json: reply, table: { columns: head, rows }, count: rows.length };
}

/** The widest list of objects in a GraphQL answer makes the table. */
export function graphqlAnswer(data: Json): Answer {
  let best: Json[] | undefined;
  const look = (value: Json, depth: number): void => {
    if (depth > 6) return;
    if (Array.isArray(value)) {
      if (value.length && value.every(isObject) && (!best || value.length > best.length)) best = value;
    } else if (isObject(value)) {
      Object.values(value).forEach((inner) => look(inner, depth + 1));
    }
  };
  look(data, 0);
  if (best) return { json: data, table: tableOf(best), count: best.length };
  return {
    json: data,
    table: isObject(data) ? { columns: ["field", "value"], rows: Object.entries(data) } : undefined,
    count: 1,
  };
}

const cell = (value: Json | undefined): string =>
  value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

/** RFC 4180. A cell that a spreadsheet would run as a formula gets a quote before it. */
export function csv({ columns, rows }: DataTable): string {
  const escape = (text: string): string => {
    const safe = /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+([.,]\d+)?(e[+-]?\d+)?$/i.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns, ...rows].map((row) => row.map((value) => escape(cell(value))).join(",")).join("\r\n") + "\r\n";
}
