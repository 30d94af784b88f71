/** A development tool: the GraphQL contract over data in memory, beside the built console. See README.md here. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSchema, graphql, parse, subscribe, validate } from "graphql";
import { makeServer } from "graphql-ws";
import { WebSocketServer } from "ws";
import { documentPage, edges, failures, linkTypes, pageSvg, sourceKinds, sources, vertices } from "./data.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = join(here, "..", "dist");
const port = Number(process.env.PORT ?? 8700);
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const schema = buildSchema(readFileSync(join(here, "..", "..", "..", "tests", "api", "contract.graphql"), "utf8"));
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
class Refused extends Error {
  constructor(message, remedy) {
    super(message);
    this.extensions = { code: "source_unreachable", remedy, retryable: true };
  }
}

// ---- graph ------------------------------------------------------------------------------------------------------

const touching = (id) => [...edges.values()].filter((edge) => edge.tail === id || edge.head === id);
const outVertex = (id) => {
  const found = vertices.get(id);
  return (
    found && {
      ...found,
      edgeCount: touching(id).length,
      edges: ({ first }) => touching(id).slice(0, first).map(outEdge),
    }
  );
};
const outEdge = (edge) => ({ ...edge, tail: () => outVertex(edge.tail), head: () => outVertex(edge.head) });

function neighbourhood({ ids, limit }) {
  const inside = new Set(ids.filter((id) => vertices.has(id)));
  let truncated = false;
  for (const id of [...inside]) {
    for (const edge of touching(id)) {
      if (inside.size > limit) truncated = true;
      else [edge.tail, edge.head].forEach((end) => inside.add(end));
    }
  }
  return {
    vertices: [...inside].map(outVertex),
    edges: [...edges.values()].filter((edge) => inside.has(edge.tail) && inside.has(edge.head)).map(outEdge),
    truncated,
  };
}

function path({ from, to }) {
  const before = new Map([[from, null]]);
  const queue = [from];
  while (queue.length && !before.has(to)) {
    const id = queue.shift();
    for (const edge of touching(id)) {
      const next = edge.tail === id ? edge.head : edge.tail;
      if (!before.has(next)) before.set(next, { id, edge }) && queue.push(next);
    }
  }
  if (!before.has(to)) return null;
  const found = { vertices: [outVertex(to)], edges: [], truncated: false };
  for (let step = before.get(to); step; step = before.get(step.id)) {
    found.vertices.push(outVertex(step.id));
    found.edges.push(outEdge(step.edge));
  }
  return found;
}

function search({ text, labels, first, offset }) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const escape = (value) => value.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  return [...vertices.values()]
    .map((vertex) => ({ vertex, all: `${vertex.name} ${Object.values(vertex.properties).flat().join(" ")}` }))
    .filter(
      ({ vertex, all }) =>
        (!labels?.length || labels.includes(vertex.label)) && words.every((word) => all.toLowerCase().includes(word)),
    )
    .slice(offset, offset + first)
    .map(({ vertex, all }) => ({
      vertex: outVertex(vertex.id),
      score: 1,
      missing: [],
      snippet: words.reduce(
        (html, word) =>
          html.replace(new RegExp(`(${word.replace(/[^\p{L}\p{N}]/gu, ".")})(?![^<]*>)`, "giu"), "<mark>$1</mark>"),
        escape(all).slice(0, 160),
      ),
    }));
}

const tally = (items) =>
  Object.entries(items.reduce((counts, label) => ({ ...counts, [label]: (counts[label] ?? 0) + 1 }), {})).map(
    ([label, count]) => ({ label, count }),
  );

// ---- builds and review ------------------------------------------------------------------------------------------

const stages = [
  ["crawl", 3],
  ["read", 94],
  ["propose", 5],
  ["link", 24],
  ["publish", 106],
];
const builds = [
  {
    id: 1,
    state: "DONE",
    sources: ["erp", "crm", "files"],
    started: "2026-11-20T09:10:00Z",
    finished: "2026-11-20T09:14:10Z",
    progress: stages.map(([stage, total]) => ({ stage, item: "", done: total, total, message: "" })),
    error: null,
    counts: { records: 94, vertices: 106, edges: 220 },
    failures: 2,
  },
];
async function runBuild(build) {
  build.state = "RUNNING";
  for (const [stage, total] of stages) {
    for (let done = 0; done <= total && build.state === "RUNNING"; done += Math.ceil(total / 8)) {
      build.progress = [
        ...build.progress.filter((step) => step.stage !== stage),
        { stage, item: "orders", done: Math.min(done, total), total, message: `${stage} orders` },
      ];
      await wait(180);
    }
    if (build.state !== "RUNNING") break;
    build.progress = [
      ...build.progress.filter((step) => step.stage !== stage),
      { stage, item: "", done: total, total, message: "" },
    ];
  }
  if (build.state === "RUNNING") build.state = "DONE";
  build.finished = new Date().toISOString();
}

const judgements = [];
const users = [
  { name: "admin", role: "ADMIN", created: "2026-11-19T07:55:00Z" },
  { name: "reviewer", role: "REVIEWER", created: "2026-11-19T08:55:00Z" },
];
const tokens = [];
const stateOf = { CONFIRM: "CONFIRMED", REJECT: "REJECTED", DEFER: "DEFERRED", DELETE: "DELETED" };
const still = { above: 0, below: 0, likelier: 0, lessLikely: 0 };
const find = (id) => linkTypes.find((link) => link.id === id);

async function judge({ linkType, verdict, correction, note }) {
  await wait(250);
  const link = find(linkType);
  const before = { state: link.state, name: link.name, edges: link.edges, mergedPairs: link.mergedPairs };
  const gives = verdict === "CONFIRM" ? link.estimatedEdges : 0;
  const same = link.kind === "SAME_THING";
  Object.assign(link, {
    state: stateOf[verdict] ?? link.state,
    name: correction?.name ?? link.name,
    threshold: correction?.threshold ?? link.threshold,
    edges: same ? 0 : gives,
    mergedPairs: same ? gives : 0,
  });
  const judgement = {
    id: judgements.length + 1,
    subject: link.id,
    verdict,
    by: "admin",
    at: new Date().toISOString(),
    note: note ?? "",
    correction: correction ?? null,
    undone: false,
    linkType: link,
    before,
  };
  judgements.unshift(judgement);
  link.judgements = [judgement, ...link.judgements];
  const moved = linkTypes
    .filter((other) => other.state === "PROPOSED")
    .slice(0, 2)
    .map((other) => {
      const after = Math.min(0.99, other.probability + (verdict === "CONFIRM" ? 0.06 : -0.05));
      const change = { id: other.id, name: other.name, before: other.probability, after };
      other.probability = after;
      return change;
    });
  return {
    judgement,
    linkType: link,
    moved,
    edgesChanged: link.edges - before.edges,
    merged: 0,
    pairsMoved: still,
    proposed: [],
  };
}

function undo({ judgement: id }) {
  const judgement = judgements.find((item) => item.id === id);
  judgement.undone = true;
  const had = judgement.linkType.edges;
  if (judgement.before) Object.assign(judgement.linkType, judgement.before);
  return {
    judgement,
    linkType: judgement.linkType,
    moved: [],
    edgesChanged: judgement.linkType.edges - had,
    merged: 0,
    pairsMoved: still,
    proposed: [],
  };
}

const summary = () => {
  const count = (state) => linkTypes.filter((link) => link.state === state).length;
  return {
    proposed: count("PROPOSED"),
    confirmed: count("CONFIRMED"),
    rejected: count("REJECTED"),
    deferred: count("DEFERRED"),
    answers: judgements.filter((item) => !item.undone).length,
    edgesFromAnswers: linkTypes.reduce((sum, link) => sum + link.edges, 0),
    mergedFromAnswers: linkTypes.reduce((sum, link) => sum + link.mergedPairs, 0),
  };
};
const outSource = (source) => ({
  ...source,
  records: source.datasets.reduce((sum, dataset) => sum + dataset.records, 0),
  lastBuild: () => builds.find((build) => build.id === source.lastBuild) ?? null,
});

const root = {
  me: () => user,
  version: "0.1.0",
  sourceKinds,
  failures: ({ source }) => failures.filter((item) => !source || item.source === source),
  sources: () => sources.map(outSource),
  source: ({ name }) => sources.filter((source) => source.name === name).map(outSource)[0],
  previewDataset: ({ source, dataset }) => {
    const rows = [...vertices.values()].filter(
      ({ origins: [origin] }) => origin.source === source && origin.dataset === dataset,
    );
    const columns = Object.keys(rows[0]?.properties ?? {});
    return { columns, rows: rows.map((row) => columns.map((name) => row.properties[name]?.[0] ?? null)) };
  },
  builds: ({ limit }) => [...builds].reverse().slice(0, limit),
  build: ({ id }) => builds.find((build) => build.id === id),
  linkTypes: ({ states }) => linkTypes.filter((link) => !states?.length || states.includes(link.state)),
  linkType: ({ id }) => find(id),
  questions: ({ blind }) =>
    linkTypes
      .filter((link) => link.state === "PROPOSED")
      .map((link) => ({ id: link.id, linkType: link, pair: null, purpose: "DECIDE", blind: Boolean(blind), said: [] })),
  pairQuestions: ({ linkType }) =>
    find(linkType).examples.map((pair) => ({
      id: pair.tail,
      linkType: find(linkType),
      pair,
      purpose: "DECIDE",
      said: [],
      blind: false,
    })),
  reviewSummary: summary,
  judgements: ({ limit }) => judgements.slice(0, limit),
  pairs: ({ linkType, leastSureFirst }) =>
    [...find(linkType).examples].sort((a, b) => (leastSureFirst ? a.score - b.score : b.score - a.score)),
  statistics: () => ({
    vertices: vertices.size,
    edges: edges.size,
    sources: sources.length,
    documents: 12,
    vertexLabels: tally([...vertices.values()].map((item) => item.label)),
    edgeLabels: tally([...edges.values()].map((item) => item.label)),
    patterns: [],
  }),
  vertex: ({ id }) => outVertex(id),
  neighbourhood,
  path,
  search,
  documentPage: ({ id, number }) => documentPage(id, number),
  vertices: ({ label, first }) => {
    const all = [...vertices.values()].filter((vertex) => !label || vertex.label === label);
    return {
      nodes: all.slice(0, first).map(({ id }) => outVertex(id)),
      endCursor: String(first),
      hasNextPage: all.length > first,
      totalCount: all.length,
    };
  },
  users: () => users,
  tokens: () => tokens,
  projections: [
    { name: "search", position: 412, behind: 0, seconds: 0, state: "IN_STEP", progress: null, problem: "" },
    { name: "sparql", position: 398, behind: 14, seconds: 3.2, state: "FOLLOWING", progress: null, problem: "" },
  ],
  settings: {
    data_dir: "bifrost-data",
    database_url: "sqlite:///bifrost.db",
    host: "127.0.0.1",
    port: 8420,
    linking: { backend: "dgl", threshold: 0.5 },
    secret_key: "********",
  },
  testSource: async ({ input }) => {
    await wait(400);
    if (input.options.host === "nowhere.example")
      throw new Refused("No answer from nowhere.example:5432.", "Check host, port and network.");
    return {
      server: input.kind === "sql" ? "PostgreSQL 15.4" : String(input.options.path),
      datasets: 1,
      seconds: 0.4,
      warnings: [],
      found: sources[input.kind === "sql" ? 0 : 1].datasets,
    };
  },
  addSource: ({ input }) => {
    sources.push({
      ...input,
      rank: 3,
      removalLimit: 0.2,
      created: new Date().toISOString(),
      failures: 0,
      lastBuild: null,
      datasets: [],
    });
    return outSource(sources.at(-1));
  },
  updateSource: ({ name, input }) =>
    outSource(
      Object.assign(
        sources.find((source) => source.name === name),
        { options: input.options, rank: input.rank, removalLimit: input.removalLimit },
      ),
    ),
  removeSource: ({ name }) =>
    sources.splice(
      sources.findIndex((source) => source.name === name),
      1,
    ).length > 0,
  startBuild: ({ sources: chosen }) => {
    const build = {
      id: builds.length + 1,
      state: "QUEUED",
      sources: chosen ?? sources.map((source) => source.name),
      started: new Date().toISOString(),
      finished: null,
      progress: [],
      error: null,
      counts: {},
      failures: 0,
    };
    builds.push(build);
    void runBuild(build);
    return build;
  },
  cancelBuild: ({ id }) =>
    Object.assign(
      builds.find((build) => build.id === id),
      { state: "CANCELLED" },
    ),
  judge,
  undo,
  teach: () => linkTypes.slice(2, 3),
  judgePair: ({ linkType, tail, head, verdict }) => {
    const judgement = {
      id: judgements.length + 1,
      subject: `${linkType}|${tail}|${head}`,
      verdict,
      by: "admin",
      at: new Date().toISOString(),
      note: "",
      correction: null,
      undone: false,
      blind: false,
      linkType: find(linkType),
    };
    judgements.unshift(judgement);
    return {
      judgement,
      linkType: find(linkType),
      moved: [],
      edgesChanged: verdict === "REJECT" ? -1 : 0,
      merged: 0,
      pairsMoved: still,
      proposed: [],
    };
  },
  createToken: ({ name, scopes }) => {
    tokens.push({
      id: tokens.length + 1,
      name,
      scopes,
      created: new Date().toISOString(),
      expires: null,
      lastUsed: null,
    });
    return { token: tokens.at(-1), secret: "bf_3kTz9q0cVnR2yLw8" };
  },
  revokeToken: ({ id }) =>
    tokens.splice(
      tokens.findIndex((token) => token.id === id),
      1,
    ).length > 0,
  addUser: ({ name, role }) => users.push({ name, role, created: new Date().toISOString() }) && users.at(-1),
  setPassword: () => true,
  removeUser: ({ name }) =>
    users.splice(
      users.findIndex((item) => item.name === name),
      1,
    ).length > 0,
};
const subscriptions = {
  build: async function* ({ id }) {
    const build = builds.find((item) => item.id === id);
    for (;;) {
      yield { build };
      if (build.finished) return;
      await wait(250);
    }
  },
};

// ---- HTTP -------------------------------------------------------------------------------------------------------

let user = null;
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const body = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};
const json = (response, value, status = 200) =>
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://mock");
  const route = `${request.method} ${url.pathname}`;
  if (route === "GET /api/session")
    return user
      ? json(response, { user })
      : json(
          response,
          { error: { code: "authentication", message: "Not signed in.", remedy: "Sign in.", retryable: false } },
          401,
        );
  if (route === "POST /api/session") {
    const { username, password } = JSON.parse(await body(request));
    if (password === "wrong")
      return json(
        response,
        {
          error: {
            code: "authentication",
            message: "Wrong name or password.",
            remedy: "Try again, or ask an administrator for a new password.",
            retryable: false,
          },
        },
        401,
      );
    user = { name: username, role: username === "reader" ? "READER" : username === "reviewer" ? "REVIEWER" : "ADMIN" };
    return json(response, { user });
  }
  if (route === "DELETE /api/session") return ((user = null), json(response, {}));
  if (route === "POST /api/uploads")
    return json(response, { path: "/srv/uploads/1", files: 1, bytes: (await body(request)).length });
  if (route === "GET /api/documents/page")
    return response.writeHead(200, { "Content-Type": "image/svg+xml" }).end(pageSvg(url.searchParams.get("id")));
  if (route === "POST /graphql") {
    const { query, variables } = JSON.parse(await body(request));
    return json(response, await graphql({ schema, source: query, variableValues: variables, rootValue: root }));
  }
  if (route === "POST /gremlin") {
    const { gremlin } = JSON.parse(await body(request));
    if (!gremlin.startsWith("g."))
      return json(
        response,
        {
          error: {
            code: "query_syntax",
            message: `Expected a traversal, got ${gremlin.slice(0, 20)}`,
            remedy: "Start with g.",
            retryable: false,
            line: 1,
            column: 1,
          },
        },
        400,
      );
    return json(response, {
      result: {
        data: [...vertices.values()].slice(0, 40).map(({ id, label, properties }) => ({
          id,
          label,
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, all]) => [name, all.map((value) => ({ id: 1, value }))]),
          ),
        })),
      },
    });
  }
  if (route === "POST /sparql")
    return json(response, {
      head: { vars: ["type", "things"] },
      results: {
        bindings: tally([...vertices.values()].map((item) => item.label)).map(({ label, count }) => ({
          type: { type: "uri", value: `https://bifrost.example/type/${label}` },
          things: { type: "literal", value: String(count) },
        })),
      },
    });
  const file = normalize(url.pathname === "/" ? "/index.html" : url.pathname);
  try {
    response
      .writeHead(200, {
        "Content-Type": types[extname(file)] ?? "application/octet-stream",
        "Content-Security-Policy": policy,
      })
      .end(await readFile(join(dist, file)));
  } catch {
    response.writeHead(404).end();
  }
});

const live = makeServer({
  schema,
  validate,
  execute: undefined,
  subscribe: (args) => subscribe({ ...args, rootValue: { build: (variables) => subscriptions.build(variables) } }),
  onSubscribe: (_, __, { query, variables }) => ({ schema, document: parse(query), variableValues: variables }),
});
new WebSocketServer({ server, path: "/graphql", handleProtocols: () => "graphql-transport-ws" }).on(
  "connection",
  (socket) => {
    const closed = live.opened(
      {
        protocol: socket.protocol,
        send: (data) => new Promise((done, fail) => socket.send(data, (error) => (error ? fail(error) : done()))),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) =>
          socket.on("message", (data) => handle(String(data)).catch((error) => socket.close(1011, error.message))),
      },
      {},
    );
    socket.once("close", (code, reason) => closed(code, String(reason)));
  },
);
server.listen(port, "127.0.0.1", () => console.log(`Mock on http://127.0.0.1:${port}`));
