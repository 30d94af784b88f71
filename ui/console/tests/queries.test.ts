import { readFileSync } from "node:fs";
import { buildSchema, parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { PREDICT_LINKS } from "../src/api/predictions";
import * as queries from "../src/api/queries";

const schema = buildSchema(readFileSync(new URL("../../../tests/api/contract.graphql", import.meta.url), "utf8"));

describe("every document that the console sends", () => {
  it.each(Object.entries({ ...queries, PREDICT_LINKS }))("%s fits the service's schema", (_, text) => {
    expect(validate(schema, parse(text)).map((error) => error.message)).toEqual([]);
  });
});
