import { describe, expect, it } from "vitest";
import type { LinkKind, Verdict } from "../src/api/review-types";
import type { Mention, Progress, Properties, SourceKind } from "../src/api/types";
import { failedParts, shareDone, stateFor } from "../src/lib/builds";
import { behindExtension, behindHeader, behindText } from "../src/lib/behind";
import { ago } from "../src/lib/format";
import { rows, sharedWords } from "../src/lib/match";
import { parseBoxes, recordUid, sourcedValues } from "../src/lib/provenance";
import { csv, graphqlAnswer, gremlinAnswer, sparqlAnswer } from "../src/lib/results";
import { href, parseRoute } from "../src/lib/router";
import { check, draftOf, fieldsOf, suggestName } from "../src/lib/schema";
import { pieces } from "../src/lib/snippet";
import { spans } from "../src/lib/spans";
import { changedLinks, given, instead, movement } from "../src/lib/wording";

describe("a route", () => {
  it("comes back from its link, whatever is in its parameters", () => {
    const id = "erp/customer/a%2Fb & c=d?#é";
    const route = parseRoute(href("explore", { select: id, q: "", label: null }));
    expect(route.path).toEqual(["explore"]);
    expect([...route.params]).toEqual([["select", id]]);
  });
});

describe("a build that went to its end without one of its sources", () => {
  const refused = { message: "There is no such folder.", remedy: "Check the path." };
  const build = { state: "FAILED", error: { ...refused, sources: { gone: refused } } } as const;

  it("failed for that source alone", () => {
    expect(failedParts(build)).toEqual([{ name: "gone", ...refused }]);
    expect(stateFor("gone", build)).toBe("FAILED");
    expect(stateFor("erp", build)).toBe("DONE");
  });
  it("failed for all of them where the build itself was stopped", () => {
    expect(stateFor("erp", { state: "FAILED", error: refused })).toBe("FAILED");
    expect(stateFor("erp", { state: "DONE", error: null })).toBe("DONE");
  });
});

describe("what an answer did to links", () => {
  const answer = (verdict: Verdict, correction: Properties | null = null, kind: LinkKind = "REFERENCE") => ({
    edgesChanged: 3,
    merged: 0,
    judgement: { subject: "a1b2", verdict, correction, linkType: { kind } },
  });
  it("goes the way of the answer, and the other way when it is undone", () => {
    expect(changedLinks(answer("CONFIRM"))).toBe("3 links added. ");
    expect(changedLinks(answer("REJECT"))).toBe("3 links removed. ");
    expect(changedLinks(answer("CONFIRM"), true)).toBe("3 links removed. ");
    expect(changedLinks(answer("REJECT"), true)).toBe("3 links added. ");
  });
  it("is said without a way where links go both ways", () => {
    expect(changedLinks(answer("CONFIRM", { name: "is billed to" }))).toBe("3 links changed. ");
    expect(changedLinks({ ...answer("REJECT"), edgesChanged: 0 })).toBe("");
  });
  it("is said of a confirmed link type that has none", () => {
    const none = { ...answer("CONFIRM"), edgesChanged: 0 };
    expect(changedLinks({ ...none, linkType: { edges: 0 } })).toBe("It gives no links. ");
    expect(changedLinks({ ...none, linkType: { edges: 7 } })).toBe("");
  });
  it("is what became of the records where they are the same thing", () => {
    const same = (verdict: Verdict, merged: number) => ({ ...answer(verdict, null, "SAME_THING"), merged });
    expect(changedLinks(same("CONFIRM", 2))).toBe("2 records merged into others. ");
    expect(changedLinks(same("CONFIRM", 0))).toBe("No records were merged. ");
    expect(changedLinks(same("CONFIRM", -1), true)).toBe("1 record came apart. ");
    expect(changedLinks(same("REJECT", 0))).toBe("");
  });
});

describe("what a review gave", () => {
  const summary = { proposed: 0, confirmed: 0, rejected: 0, deferred: 0, answers: 2 };

  it("names links, merged pairs or both", () => {
    expect(given({ ...summary, edgesFromAnswers: 0, mergedFromAnswers: 0 })).toBe("2 answers gave 0 links");
    expect(given({ ...summary, edgesFromAnswers: 7, mergedFromAnswers: 0 })).toBe("2 answers gave 7 links");
    expect(given({ ...summary, edgesFromAnswers: 0, mergedFromAnswers: 1 })).toBe("2 answers merged 1 pair of records");
    expect(given({ ...summary, edgesFromAnswers: 7, mergedFromAnswers: 3 })).toBe(
      "2 answers gave 7 links and merged 3 pairs of records",
    );
  });

  it("names what is proposed in the place of something else", () => {
    const column = (dataset: string) => ({ source: "erp", dataset, columns: ["id"] });
    const ends = { tail: column("orders"), head: column("people"), through: null };
    const proposed = { id: "a", name: "by", kind: "REFERENCE" as const, state: "PROPOSED" as const, ...ends };
    expect(instead([proposed])).toBe("Proposed instead: erp / orders.id → erp / people.id. ");
    expect(instead([])).toBe("");
  });
});

describe("how much of a stage is done", () => {
  const step = (done: number, total: number | null, message = ""): Progress => ({
    stage: "crawl",
    item: "erp",
    done,
    total,
    message,
  });
  it("is counted in records where all steps know how many they have", () => {
    expect(shareDone([step(10, 10), step(20, 90)])).toBeCloseTo(0.3);
  });
  it("goes on past a source that failed and one that has not said yet", () => {
    expect(shareDone([step(10, 10), step(0, null, "failed: no such folder"), step(0, null), step(5, 10)])).toBe(0.625);
    expect(shareDone([])).toBe(0);
  });
});

describe("the age of something", () => {
  it("is told in the largest unit that is over", () => {
    const now = Date.parse("2026-01-02T12:00:00Z");
    expect(ago("2026-01-02T11:59:30Z", now)).toBe("30 seconds ago");
    expect(ago("2026-01-02T11:55:00Z", now)).toBe("5 minutes ago");
    expect(ago("2026-01-02T09:00:00Z", now)).toBe("3 hours ago");
    expect(ago("2025-12-30T12:00:00Z", now)).toBe("3 days ago");
    expect(ago("2026-01-02T12:00:05Z", now)).toBe("now");
  });
});

describe("a search snippet", () => {
  it("is marked where <mark> stands and plain text everywhere else", () => {
    expect(pieces("a <mark>b</mark> <img src=x onerror=alert(1)> &lt;i&gt; &amp;amp;")).toEqual([
      { text: "a ", mark: false },
      { text: "b", mark: true },
      { text: " <img src=x onerror=alert(1)> <i> &amp;", mark: false },
    ]);
  });
});

describe("an answer that leaves changes out", () => {
  it("says how many, and how old the oldest is", () => {
    expect(behindText({ changes: 12, seconds: 3.4 })).toBe("12 changes, 3 s, not yet in this answer");
    expect(behindText({ changes: 1, seconds: 0.1 })).toBe("1 change, 1 s, not yet in this answer");
    expect(behindText({ changes: 1_234_567, seconds: 600 })).toBe("1,234,567 changes, 10 min, not yet in this answer");
  });
  it("is told by a header of SPARQL", () => {
    expect(behindHeader("changes=4000, seconds=0.3")).toEqual({ changes: 4000, seconds: 0.3 });
    expect(behindHeader(null)).toBeUndefined();
    expect(behindHeader("soon")).toBeUndefined();
  });
  it("is told by extensions of GraphQL, where the longest lag counts", () => {
    const behind = { search: { changes: 2, seconds: 9 }, other: { changes: 30, seconds: 1 } };
    expect(behindExtension({ behind })).toEqual({ changes: 30, seconds: 1 });
    expect(behindExtension({})).toBeUndefined();
    expect(behindExtension(undefined)).toBeUndefined();
  });
});

describe("two records side by side", () => {
  it("shows compared columns first and marks equal values in any spelling", () => {
    const [first, second, third] = rows({ city: ["Köln"], id: [7], name: ["ACME, Inc."] }, ["id"], {
      title: "acme inc",
      town: "Bonn",
    });
    expect(first).toMatchObject({ name: "id", linked: true, equal: false });
    expect(second).toMatchObject({ name: "name", linked: false, equal: true });
    expect(third).toMatchObject({ name: "city", equal: false });
  });

  it("marks the words of a text that the other side has too", () => {
    expect(sharedWords("Order 4711 of Hansa", "4711 — hansa brewery")).toEqual([
      { text: "Order ", mark: false },
      { text: "4711", mark: true },
      { text: " of ", mark: false },
      { text: "Hansa", mark: true },
    ]);
  });
});

describe("a page's text", () => {
  const mention = (begin: number, end: number, fields: Partial<Mention> = {}): Mention => ({
    begin,
    end,
    text: "",
    type: "ORG",
    normal: "",
    confidence: 1,
    extractor: "ner.head",
    boxes: [],
    linked: null,
    ...fields,
  });

  it("is cut at code points, not at UTF-16 units", () => {
    expect(spans("📄📄 Acme!", [mention(3, 7)]).map((span) => span.text)).toEqual(["📄📄 ", "Acme", "!"]);
  });

  it("prefers the linked one of two mentions at the same place, and is never lost or doubled", () => {
    const linked = mention(0, 4, { linked: { id: "x", label: "Customer", name: "Acme" } });
    const found = spans("Acme GmbH", [mention(0, 9), linked, mention(2, 6)]);
    expect(found[0]?.mention).toBe(linked);
    expect(found.map((span) => span.text).join("")).toBe("Acme GmbH");
  });
});

describe("a connector's form", () => {
  const kind: SourceKind = {
    kind: "sql",
    title: "SQL",
    secrets: ["password"],
    schema: {
      required: ["database"],
      properties: {
        database: { type: "string", title: "Database" },
        port: { anyOf: [{ type: "integer" }, { type: "null" }], default: null, title: "Port" },
        password: { anyOf: [{ type: "string", format: "password" }, { type: "null" }], title: "Password" },
        include: { type: "array", items: { type: "string" }, default: [], title: "Tables" },
        mode: { $ref: "#/$defs/Mode" },
        views: { type: "boolean", default: true, title: "Views" },
      },
      $defs: { Mode: { type: "string", enum: ["fast", "safe"], title: "Mode" } },
    },
  };
  const fields = fieldsOf(kind);

  it("has a field of the right type for each option", () => {
    expect(Object.fromEntries(fields.map((field) => [field.name, field.type]))).toEqual({
      database: "text",
      port: "integer",
      password: "secret",
      include: "list",
      mode: "choice",
      views: "boolean",
    });
  });

  it("keeps secrets apart, types values and says what is wrong", () => {
    const draft = { ...draftOf(fields, { port: 5432 }), password: "hush", include: "a\n\n b " };
    const checked = check(fields, draft);
    expect(checked.options).toEqual({ port: 5432, include: ["a", "b"], views: true });
    expect(checked.secrets).toEqual({ password: "hush" });
    expect(Object.keys(checked.errors)).toEqual(["database"]);
    expect(check(fields, { ...draft, port: "x" }).errors.port).toBe("Enter a number.");
  });

  it("suggests a name", () => {
    expect(suggestName("files", { path: "/srv/Data Exports/CRM 2026.csv" })).toBe("crm-2026");
    expect(suggestName("sql", { url: "postgresql://me@db:5432/erp?sslmode=require" })).toBe("erp");
    expect(suggestName("sql", {})).toBe("sql");
  });
});

describe("provenance", () => {
  it("finds a document by the record that it was read from", () => {
    expect(recordUid({ source: "files", dataset: "documents", record: "a/100%.pdf" })).toBe(
      "files/documents/a%2F100%25.pdf",
    );
  });

  it("names every record that says a value", () => {
    const evidence = { extractor: "row", confidence: 1, column: "", page: null, boxes: [], quote: "", reason: "" };
    const origin = (uid: string, name: string) => ({
      uid,
      source: uid,
      dataset: "d",
      record: "1",
      type: "T",
      properties: { name: [name] },
      defaultEvidence: evidence,
      evidence: {},
      seen: null,
      sameAs: null,
    });
    const found = sourcedValues("name", ["Ann", "Anne"], [origin("a", "Ann"), origin("b", "Anne"), origin("c", "Ann")]);
    expect(found.map((value) => [value.text, value.from.map((item) => item.origin.uid)])).toEqual([
      ["Ann", ["a", "c"]],
      ["Anne", ["b"]],
    ]);
  });

  it("reads boxes out of a link and ignores what is none", () => {
    expect(parseBoxes("1,2,3.5,4;x,1,2,3;1,2")).toEqual([[1, 2, 3.5, 4]]);
    expect(parseBoxes(null)).toEqual([]);
  });
});

describe("answers as tables", () => {
  it("gives a vertex a column for each of its properties", () => {
    const vertex = { id: "1", label: "Person", type: "vertex", properties: { name: [{ id: 1, value: "Ann" }] } };
    expect(gremlinAnswer({ result: { data: [vertex] } }).table).toEqual({
      columns: ["id", "label", "name"],
      rows: [["1", "Person", "Ann"]],
    });
  });

  it("turns a group count round", () => {
    expect(gremlinAnswer({ result: { data: [{ a: 1, b: 2 }] } }).table?.rows).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
  });

  it("shows unbound variables as empty and ASK as one cell", () => {
    const reply = { head: { vars: ["x", "y"] }, results: { bindings: [{ x: { type: "uri", value: "u" } }] } };
    expect(sparqlAnswer(reply).table?.rows).toEqual([["u", null]]);
    expect(sparqlAnswer({ head: {}, boolean: true }).table?.rows).toEqual([[true]]);
  });

  it("takes the longest list of a GraphQL answer", () => {
    expect(graphqlAnswer({ a: { b: [{ x: 1 }, { y: 2 }] } }).table).toEqual({
      columns: ["x", "y"],
      rows: [
        [1, null],
        [null, 2],
      ],
    });
  });

  it("writes CSV that spreadsheets neither break nor run", () => {
    expect(
      csv({
        columns: ["a", "b"],
        rows: [
          ['say "hi"', "=1+1"],
          [-5, "x,y"],
        ],
      }),
    ).toBe('a,b\r\n"say ""hi""",\'=1+1\r\n-5,"x,y"\r\n');
  });
});

describe("what an answer moved", () => {
  it("is said in one sentence", () => {
    const moved = (before: number, after: number) => ({ id: "", name: "", before, after });
    expect(movement([])).toBe("No other proposal moved.");
    expect(movement([moved(0.8, 0.95), moved(0.85, 0.91), moved(0.2, 0.05)])).toBe(
      "2 proposals moved above 90%, 1 proposal fell below 10%.",
    );
    expect(movement([moved(0.5, 0.6)])).toBe("1 proposal became likelier.");
  });
});
