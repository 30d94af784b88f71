import type { Json } from "../api/types";

const numbers = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const dateTime = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

export const count = (value: number): string => numbers.format(value);
export const shortCount = (value: number): string => (value < 10_000 ? numbers.format(value) : compact.format(value));
export const percent = (share: number): string =>
  share > 0.99 && share < 1 ? "> 99%" : share > 0 && share < 0.01 ? "< 1%" : `${Math.round(share * 100)}%`;

/** A share with its interval: ``97% (91–99)``. */
export const estimate = ({ value, low, high }: { value: number; low: number; high: number }): string =>
  `${percent(value)} (${Math.round(low * 100)}–${Math.round(high * 100)})`;

export function plural(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function when(iso: string | null | undefined): string {
  if (!iso) return "–";
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : dateTime.format(date);
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** "5 minutes ago" */
export function ago(iso: string, now: number = Date.now()): string {
  const passed = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (passed < 60) return relative.format(-Math.round(passed), "second");
  if (passed < 3600) return relative.format(-Math.round(passed / 60), "minute");
  if (passed < 86_400) return relative.format(-Math.round(passed / 3600), "hour");
  return relative.format(-Math.round(passed / 86_400), "day");
}

export function seconds(from: string | null, to: string | null): string {
  if (!from) return "–";
  const total = Math.max(0, Math.round(((to ? new Date(to) : new Date()).getTime() - new Date(from).getTime()) / 1000));
  if (total < 60) return `${total} s`;
  const minutes = Math.floor(total / 60);
  return minutes < 60 ? `${minutes} min ${total % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function bytes(value: number): string {
  const units = ["bytes", "kB", "MB", "GB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit ? value.toFixed(1) : value} ${units[unit]}`;
}

/** A property value as a list of texts: the service sends all values of a property. */
export function values(value: Json | undefined): string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap(values);
  if (typeof value === "object") return [JSON.stringify(value)];
  return [String(value)];
}

export const yesNo = (value: boolean): string => (value ? "yes" : "no");
export const words = (name: string): string => name.replace(/_/g, " ").toLowerCase();
export const sentence = (name: string): string => {
  const text = words(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
};

export function columnName(column: { source: string; dataset: string; columns: string[] }): string {
  const fields = column.columns.join(" + ");
  return `${column.source} / ${column.dataset}${fields ? `.${fields}` : ""}`;
}
