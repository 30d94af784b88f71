/** A company in memory: deterministic, small, shaped like the real service's answers. */

const companies = [
  "Hansa Keramik",
  "Nordlicht Optik",
  "Bergmann & Söhne",
  "Café Solène",
  "Ålesund Fisk",
  "Vetrotech Milano",
  "Kowalski Meble",
  "Green Acre Foods",
  "Tramonti Vini",
  "Pacific Bindery",
  "Ostsee Werft",
  "Lumière Studio",
];
const cities = ["Hamburg", "Kiel", "Lyon", "Ålesund", "Milano", "Kraków", "Leeds", "Porto"];
const products = [
  "Kiln shelf 40x40",
  "Stoneware clay 25 kg",
  "Transparent glaze 5 l",
  "Throwing wheel S2",
  "Trimming tools",
  "Cone 6 pyrometer",
  "Cobalt oxide 1 kg",
  "Porcelain slip 10 l",
];
const people = ["Ada Brandt", "Jonas Weiß", "Mira Novak", "Sven Olsen", "Leila Haddad"];

const digital = { extractor: "row", confidence: 1, column: "", page: null, boxes: [], quote: "" };

export const vertices = new Map();
export const edges = new Map();

function vertex(source, dataset, record, label, name, properties, extra = {}) {
  const id = `${source}/${dataset}/${record}`;
  const origin = {
    uid: id,
    source,
    dataset,
    record: String(record),
    type: label,
    properties: wrap(properties),
    defaultEvidence: digital,
    evidence: {},
    seen: "2026-11-20T09:14:00Z",
    sameAs: null,
    ...extra,
  };
  vertices.set(id, { id, label, name, properties: wrap(properties), sources: [source], origins: [origin] });
  return id;
}

const wrap = (properties) =>
  Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, Array.isArray(value) ? value : [value]]));

function edge(label, tail, head, score = 1, linkType = null, evidence = digital) {
  const id = `${label}|${tail}|${head}`;
  const [source, dataset, record] = tail.split("/");
  edges.set(id, {
    id,
    label,
    tail,
    head,
    properties: {},
    score,
    origins: [{ uid: id, source, dataset, record, linkType, score, evidence }],
  });
}

const customers = companies.map((name, i) =>
  vertex("erp", "customers", 100 + i, "Customer", name, {
    customer_id: 100 + i,
    company: name,
    city: cities[i % cities.length],
    email: `office@${name.split(" ")[0].toLowerCase()}.example`,
  }),
);
const accounts = companies.slice(0, 9).map((name, i) =>
  vertex("crm", "accounts", `A-${7000 + i}`, "Account", name.toUpperCase(), {
    account: `A-${7000 + i}`,
    name: name.replace("&", "and").toUpperCase(),
    town: cities[i % cities.length],
    owner: people[i % people.length],
  }),
);
const goods = products.map((name, i) =>
  vertex("erp", "products", 10 + i, "Product", name, {
    product_id: 10 + i,
    name,
    price: 19.5 * (i + 1),
    in_stock: i % 3 !== 0,
  }),
);
const staff = people.map((name, i) =>
  vertex("erp", "employees", i + 1, "Employee", name, {
    employee_id: i + 1,
    name,
    title: i ? "Sales" : "Head of sales",
  }),
);
const orders = Array.from({ length: 60 }, (_, i) =>
  vertex("erp", "orders", 5000 + i, "Order", `Order ${5000 + i}`, {
    order_id: 5000 + i,
    customer_id: 100 + ((i * 7) % 12),
    order_date: `2026-${String(1 + (i % 9)).padStart(2, "0")}-${String(1 + (i % 27)).padStart(2, "0")}`,
    employee_id: 1 + (i % 5),
  }),
);
orders.forEach((order, i) => {
  edge("customer", order, customers[(i * 7) % 12]);
  edge("employee", order, staff[i % 5]);
  edge("contains", order, goods[i % 8]);
  if (i % 2) edge("contains", order, goods[(i * 3) % 8]);
});
const line = (number, quote) => ({
  extractor: "link.mention",
  confidence: 0.94,
  column: "",
  page: 1,
  boxes: [[72, 120 + 24 * number, 260, 134 + 24 * number]],
  quote,
});
const invoices = Array.from({ length: 12 }, (_, i) => {
  const id = vertex(
    "files",
    "documents",
    `invoice_${5000 + i}.pdf`,
    "Document",
    `invoice_${5000 + i}.pdf`,
    { path: `invoices/invoice_${5000 + i}.pdf`, title: `Invoice ${5000 + i}`, pages: 1 },
    { defaultEvidence: { ...digital, extractor: "reader.pdf" } },
  );
  edge("bills", id, orders[i], 0.97, { id: "lt-confirmed-1", name: "bills" }, line(1, `Order ${5000 + i}`));
  edge(
    "addressed_to",
    id,
    customers[(i * 7) % 12],
    0.91,
    { id: "lt-confirmed-2", name: "addressed_to" },
    line(0, companies[(i * 7) % 12]),
  );
  return id;
});
// One account is already merged with its customer.
{
  const main = vertices.get(customers[0]);
  const merged = vertices.get(accounts[0]);
  main.sources.push("crm");
  main.origins.push({ ...merged.origins[0], sameAs: "lt-confirmed-3" });
  for (const [name, value] of Object.entries(merged.properties))
    main.properties[name] = [...(main.properties[name] ?? []), ...value];
  vertices.delete(accounts[0]);
}

export function documentPage(id, number) {
  const found = vertices.get(id);
  if (!found || number !== 1) return null;
  const order = Number(found.name.match(/\d+/)?.[0] ?? 5000);
  const customer = companies[((order - 5000) * 7) % 12];
  const lines = [
    `To: ${customer}`,
    `Order ${order}, 2026-03-14`,
    "",
    `2 × ${products[order % 8]}   ${(order % 90) + 10}.50 €`,
    "",
    `Questions: ${people[order % 5]}, office@bifrost.example`,
  ];
  const text = `INVOICE ${order} 📄\n${lines.join("\n")}\n`;
  const mention = (word, type, row, linked) => {
    const begin = Array.from(text.slice(0, text.indexOf(word))).length;
    return {
      begin,
      end: begin + Array.from(word).length,
      text: word,
      type,
      normal: word,
      confidence: 0.93,
      extractor: "ner.head",
      boxes: [[72, 120 + 24 * row, 72 + 7 * word.length, 134 + 24 * row]],
      linked,
    };
  };
  return {
    id,
    number: 1,
    pages: 1,
    width: 595,
    height: 842,
    text,
    fromOcr: false,
    imageUrl: `/api/documents/page?id=${encodeURIComponent(id)}&number=1`,
    mentions: [
      mention(customer, "ORG", 0, () => vertices.get(customers[((order - 5000) * 7) % 12])),
      mention(`Order ${order}`, "ID", 1, () => vertices.get(orders[order - 5000])),
      mention("2026-03-14", "DATE", 1, null),
      mention(people[order % 5], "PERSON", 5, null),
    ],
  };
}

export function pageSvg(id) {
  const page = documentPage(id, 1);
  const rows = page.text
    .split("\n")
    .map(
      (row, i) =>
        `<text x="72" y="${107 + 24 * i}" font-size="${i ? 12 : 20}" font-family="sans-serif">${row.replace(/[&<]/g, "")}</text>`,
    );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 595 842" width="1190" height="1684"><rect width="595" height="842" fill="white"/>${rows.join("")}</svg>`;
}

function pair(tail, head, score, note = "") {
  const [a, b] = [vertices.get(tail), vertices.get(head)];
  return {
    tail,
    head,
    tailText: a.name,
    headText: b.name,
    score,
    note,
    tailProperties: a.properties,
    headProperties: b.properties,
  };
}

const column = (source, dataset, ...columns) => ({ source, dataset, columns });
let made = 0;
function linkType(kind, tail, head, name, probability, fields) {
  made += 1;
  return {
    id: `lt-${made}`,
    kind,
    tail,
    head,
    name,
    state: "PROPOSED",
    probability,
    baseline: Math.max(0.05, probability - 0.08),
    declared: false,
    transform: {},
    condition: "",
    cardinality: "many to one",
    estimatedEdges: 60,
    edges: 0,
    mergedPairs: 0,
    reasons: [],
    examples: [],
    counterExamples: [],
    features: { containment: probability },
    threshold: 0.5,
    model: "demo",
    judgements: [],
    ...fields,
  };
}

export const linkTypes = [
  linkType("SAME_THING", column("erp", "customers"), column("crm", "accounts"), "customer", 0.87, {
    estimatedEdges: 9,
    cardinality: "one to one",
    reasons: [
      "Names agree for 9 of 12 customers after normalisation",
      "Towns agree in all of these",
      "No other dataset of the CRM looks like customers",
    ],
    examples: accounts.slice(1).map((account, i) => pair(customers[i + 1], account, 0.96 - 0.03 * i)),
    counterExamples: [pair(customers[10], accounts[4], 0.31, "Only the country agrees")],
  }),
  linkType("REFERENCE", column("crm", "accounts", "owner"), column("erp", "employees", "name"), "owned_by", 0.93, {
    estimatedEdges: 9,
    reasons: ["All 9 values of owner are names of employees", "Both columns hold names of people"],
    examples: accounts.slice(1, 6).map((account, i) => pair(account, staff[(i + 1) % 5], 0.99)),
  }),
  linkType("MENTION", column("files", "documents"), column("erp", "products", "name"), "mentions_product", 0.71, {
    estimatedEdges: 12,
    reasons: ["12 of 12 documents hold the name of a product", "Two product names are also everyday words"],
    examples: invoices.slice(0, 4).map((invoice, i) => ({
      ...pair(invoice, goods[i % 8], 0.9 - 0.1 * i),
      tailText: `… 2 × ${products[i % 8]} ${i + 10}.50 € …`,
    })),
    counterExamples: [
      {
        ...pair(invoices[5], goods[4], 0.22, "“tools” stands in another sense"),
        tailText: "… bring your own tools to the course …",
      },
    ],
  }),
  linkType("SAME_CONCEPT", column("erp", "customers", "city"), column("crm", "accounts", "town"), "city", 0.64, {
    estimatedEdges: 0,
    cardinality: "",
    reasons: ["Values overlap by 100%", "The names mean the same"],
    examples: [pair(customers[1], accounts[1], 0.8)],
  }),
  linkType(
    "REFERENCE",
    column("erp", "orders", "employee_id"),
    column("erp", "products", "product_id"),
    "product",
    0.08,
    {
      reasons: ["Both are small whole numbers"],
      examples: [pair(orders[0], goods[0], 0.1)],
      counterExamples: [pair(orders[1], goods[3], 0.05, "The numbers only overlap by chance")],
    },
  ),
  {
    ...linkType("MENTION", column("files", "documents"), column("erp", "orders", "order_id"), "bills", 0.98, {
      estimatedEdges: 12,
      edges: 12,
      mergedPairs: 0,
      examples: invoices.slice(0, 6).map((invoice, i) => pair(invoice, orders[i], 0.97)),
    }),
    id: "lt-confirmed-1",
    state: "CONFIRMED",
  },
  {
    ...linkType("MENTION", column("files", "documents"), column("erp", "customers", "company"), "addressed_to", 0.95, {
      estimatedEdges: 12,
      edges: 12,
      mergedPairs: 0,
      examples: invoices.slice(0, 6).map((invoice, i) => pair(invoice, customers[(i * 7) % 12], 0.91)),
    }),
    id: "lt-confirmed-2",
    state: "CONFIRMED",
  },
];

const table = (name, type, records, columns, references = []) => ({
  name,
  kind: "TABLE",
  type,
  records,
  failures: 0,
  key: [columns[0]],
  comment: "",
  references,
  columns: columns.map((column, i) => ({
    name: column,
    type: /id|price/.test(column) ? "integer" : "text",
    nullable: i > 0,
    comment: "",
  })),
});
export const sources = [
  {
    name: "erp",
    kind: "sql",
    options: { dialect: "postgresql", host: "db.example", port: 5432, database: "erp", user: "reader" },
    rank: 0,
    removalLimit: 0.2,
    created: "2026-11-19T08:00:00Z",
    failures: 0,
    lastBuild: 1,
    datasets: [
      table("customers", "Customer", 12, ["customer_id", "company", "city", "email"]),
      table("employees", "Employee", 5, ["employee_id", "name", "title"]),
      table(
        "orders",
        "Order",
        60,
        ["order_id", "customer_id", "order_date", "employee_id"],
        [{ columns: ["customer_id"], dataset: "customers", targetColumns: ["customer_id"] }],
      ),
      table("products", "Product", 8, ["product_id", "name", "price", "in_stock"]),
    ],
  },
  {
    name: "crm",
    kind: "files",
    options: { path: "/srv/export/crm" },
    rank: 1,
    removalLimit: 0.2,
    created: "2026-11-19T08:05:00Z",
    failures: 0,
    lastBuild: 1,
    datasets: [table("accounts", "Account", 9, ["account", "name", "town", "owner"])],
  },
  {
    name: "files",
    kind: "files",
    options: { path: "/srv/documents" },
    rank: 2,
    removalLimit: 0.2,
    created: "2026-11-19T08:06:00Z",
    failures: 2,
    lastBuild: 1,
    datasets: [{ ...table("documents", "Document", 12, ["path"]), kind: "DOCUMENTS", columns: [], failures: 2 }],
  },
];
export const failures = [
  {
    source: "files",
    dataset: "documents",
    record: "old/contract_2019.pdf",
    code: "record",
    message: "The file is encrypted.",
    remedy: "Remove its password, or leave the file out.",
    build: 1,
  },
  {
    source: "files",
    dataset: "documents",
    record: "scans/empty.png",
    code: "record",
    message: "The image has 0 bytes.",
    remedy: "Scan it again.",
    build: 1,
  },
];

const text = (title, description = "") => ({
  anyOf: [{ type: "string" }, { type: "null" }],
  default: null,
  title,
  description,
});
export const sourceKinds = [
  {
    kind: "files",
    title: "Files and folders",
    secrets: [],
    schema: {
      type: "object",
      required: ["path"],
      properties: {
        path: {
          type: "string",
          format: "path",
          title: "Folder or file",
          description: "On the machine that runs Bifrost",
        },
        include: {
          type: "array",
          items: { type: "string" },
          default: [],
          title: "Only these",
          description: "Patterns such as *.csv",
        },
        recursive: { type: "boolean", default: true, title: "Folders inside, too" },
      },
    },
  },
  {
    kind: "sql",
    title: "SQL database",
    secrets: ["password"],
    schema: {
      type: "object",
      properties: {
        url: text("URL", "For example postgresql://user@host:5432/database"),
        dialect: {
          type: "string",
          default: "postgresql",
          title: "Kind",
          description: "postgresql, mysql, mariadb, sqlite",
        },
        host: text("Host"),
        port: {
          anyOf: [{ type: "integer", minimum: 1, maximum: 65535 }, { type: "null" }],
          default: null,
          title: "Port",
        },
        database: text("Database"),
        user: text("User"),
        password: {
          anyOf: [{ type: "string", format: "password", writeOnly: true }, { type: "null" }],
          default: null,
          title: "Password",
        },
        views: { type: "boolean", default: false, title: "Views too" },
        batch_rows: { type: "integer", default: 5000, title: "Rows per batch" },
      },
    },
  },
];
