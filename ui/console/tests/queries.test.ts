import { readFileSync } from "node:fs";
import { buildSchema, parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import * as carrying from "../src/api/carrying";
import { PREDICT_LINKS } from "../src/api/predictions";
import * as queries from "../src/api/queries";

const schema = buildSchema(readFileSync(new URL("../../../tests/api/contract.graphql", import.meta.url), "utf8"));

const { answersIn: _, ...carried } = carrying;
const documents = Object.entries({ ...queries, ...carried, PREDICT_LINKS });

describe("every document that the console sends", () => {
  it.each(documents)("%s fits the service's schema", (_, text) => {
    expect(validate(schema, parse(text)).map((error) => error.message)).toEqual([]);
  });
});
