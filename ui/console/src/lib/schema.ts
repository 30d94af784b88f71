import type { Json, JsonSchema, Properties, SourceKind } from "../api/types";

/** One entry of a form that is made from a connector's JSON schema. */
export interface Field {
  name: string;
  title: string;
  description: string;
  type: "text" | "secret" | "number" | "integer" | "boolean" | "choice" | "list" | "json";
  choices: string[];
  /** What people often enter here; anything else may be entered too. */
  suggestions: string[];
  required: boolean;
  /** Asked for at once; the others wait behind "More options". */
  basic: boolean;
  initial: Json;
  placeholder: string;
}

const connectionWords =
  /^(url|uri|dsn|dialect|driver|engine|host(name)?|server|port|database|db|schema|user(_?name)?|login|password|passwd|token|api_key|bucket|path|folder|file)$/i;

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const name = schema.$ref?.split("/").pop();
  if (name && root.$defs?.[name]) return { ...resolve(root.$defs[name], root), ...withoutRef(schema) };
  if (schema.allOf?.length === 1) return { ...resolve(schema.allOf[0]!, root), ...schema };
  const options = schema.anyOf?.filter((option) => option.type !== "null");
  if (options?.length) {
    const resolved = options.map((option) => resolve(option, root));
    // A union such as "number or text" is typed as text.
    const only =
      resolved.length === 1 ? resolved[0]! : (resolved.find((option) => option.type === "string") ?? resolved[0]!);
    return { ...only, ...schema };
  }
  return schema;
}

function withoutRef({ $ref: _, ...rest }: JsonSchema): JsonSchema {
  return rest;
}

function typeOf(schema: JsonSchema): Field["type"] {
  const type = Array.isArray(schema.type) ? schema.type.find((name) => name !== "null") : schema.type;
  if (schema.enum) return "choice";
  if (schema.format === "password" || schema.writeOnly) return "secret";
  if (type === "boolean" || type === "integer" || type === "number") return type;
  if (type === "array") return !schema.items || (schema.items.type ?? "string") === "string" ? "list" : "json";
  if (type === "object") return "json";
  return "text";
}

export function fieldsOf(kind: SourceKind): Field[] {
  const required = new Set(kind.schema.required ?? []);
  return Object.entries(kind.schema.properties ?? {})
    .filter(([, schema]) => schema.const === undefined)
    .map(([name, raw]) => {
      const schema = resolve(raw, kind.schema);
      const secret = kind.secrets.includes(name);
      const example = schema.examples?.[0];
      return {
        name,
        title: schema.title ?? name,
        description: schema.description ?? "",
        type: secret ? "secret" : typeOf(schema),
        choices: (schema.enum ?? []).filter((item) => item !== null).map(String),
        suggestions: (schema.examples ?? []).length > 1 ? schema.examples!.map(String) : [],
        required: required.has(name),
        basic: required.has(name) || secret || connectionWords.test(name),
        initial: schema.default ?? null,
        placeholder: example === undefined || example === null ? "" : String(example),
      };
    });
}

/** What a person typed, as text, lists as lines. */
export type Draft = Record<string, string | boolean>;

export function draftOf(fields: Field[], options: Properties): Draft {
  return Object.fromEntries(
    fields.map((field) => {
      const value = field.type === "secret" ? null : (options[field.name] ?? field.initial);
      if (field.type === "boolean") return [field.name, value === true];
      if (field.type === "list") return [field.name, Array.isArray(value) ? value.join("\n") : ""];
      if (field.type === "json") return [field.name, value === null ? "" : JSON.stringify(value, null, 2)];
      return [field.name, value === null || value === undefined ? "" : String(value)];
    }),
  );
}

export interface Checked {
  options: Properties;
  secrets: Properties;
  errors: Record<string, string>;
}

/** The options and secrets for the service, and what is wrong with the entries. Empty entries are left out. */
export function check(fields: Field[], draft: Draft, keptSecrets = false): Checked {
  const result: Checked = { options: {}, secrets: {}, errors: {} };
  for (const field of fields) {
    const entry = draft[field.name];
    const text = typeof entry === "string" ? entry.trim() : "";
    if (field.type === "boolean") {
      result.options[field.name] = entry === true;
    } else if (field.type === "secret") {
      if (entry) result.secrets[field.name] = entry;
      else if (field.required && !keptSecrets) result.errors[field.name] = `${field.title} is needed.`;
    } else if (!text) {
      if (field.required) result.errors[field.name] = `${field.title} is needed.`;
    } else if (field.type === "number" || field.type === "integer") {
      const value = Number(text);
      if (Number.isNaN(value) || (field.type === "integer" && !Number.isInteger(value)))
        result.errors[field.name] = "Enter a number.";
      else result.options[field.name] = value;
    } else if (field.type === "list") {
      result.options[field.name] = text
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean);
    } else if (field.type === "json") {
      try {
        result.options[field.name] = JSON.parse(text) as Json;
      } catch {
        result.errors[field.name] = "This is not valid JSON.";
      }
    } else {
      result.options[field.name] = text;
    }
  }
  return result;
}

/** A name for a source made from its options: the database's or the file's name. */
export function suggestName(kind: string, options: Properties): string {
  const text = [options.database, options.path, options.url].find((value) => typeof value === "string" && value);
  const last =
    String(text ?? kind)
      .replace(/[?#].*$/s, "")
      .split(/[/\\]/)
      .filter(Boolean)
      .pop() ?? kind;
  return (
    last
      .replace(/\.\w{1,7}$/, "")
      .replace(/[^\p{L}\p{N}_-]+/gu, "-")
      .replace(/^-+|-+$/g, "")
      .toLowerCase() || kind
  );
}
