import { errorOf, request, ApiError } from "../../api/client";
import type { Json } from "../../api/types";
import { type Behind, behindExtension, behindHeader } from "../../lib/behind";
import { type Answer, graphqlAnswer, gremlinAnswer, sparqlAnswer } from "../../lib/results";

export type LanguageId = "graphql" | "gremlin" | "sparql";

export interface Language {
  id: LanguageId;
  title: string;
  example: string;
  help: string;
  run: (text: string, signal: AbortSignal) => Promise<Answer>;
}

async function answer(response: Response): Promise<Json> {
  if (!response.ok) throw await errorOf(response);
  return (await response.json()) as Json;
}

interface GraphQLReply {
  data?: Json;
  extensions?: { behind?: Record<string, Behind> };
  errors?: {
    message: string;
    locations?: { line: number; column: number }[];
    extensions?: { code?: string; remedy?: string };
  }[];
}

export const languages: Language[] = [
  {
    id: "graphql",
    title: "GraphQL",
    help: "Typed and nested answers for applications. Ctrl+Space completes from the schema.",
    example: `query {
  statistics {
    vertexLabels { label count }
  }
}`,
    run: async (text, signal) => {
      const response = await request("graphql", {
        method: "POST",
        signal,
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ query: text }),
      });
      const reply = (await answer(response)) as GraphQLReply;
      const error = reply.errors?.[0];
      if (error)
        throw new ApiError(
          error.message,
          error.extensions?.code,
          error.extensions?.remedy,
          false,
          error.locations ?? [],
        );
      return { ...graphqlAnswer(reply.data ?? null), behind: behindExtension(reply.extensions) };
    },
  },
  {
    id: "gremlin",
    title: "Gremlin",
    help: "Walks along links, step by step.",
    example: "g.V().groupCount().by(label)",
    run: async (text, signal) => {
      const response = await request("gremlin", {
        method: "POST",
        signal,
        headers: { "Content-Type": "application/json", Accept: "application/vnd.gremlin-v3.0+json;types=false" },
        body: JSON.stringify({ gremlin: text }),
      });
      return gremlinAnswer(await answer(response));
    },
  },
  {
    id: "sparql",
    title: "SPARQL",
    help: "Patterns over RDF: one named graph per source, the default graph is their union.",
    example: `SELECT ?type (COUNT(?thing) AS ?things)
WHERE { ?thing a ?type }
GROUP BY ?type
ORDER BY DESC(?things)`,
    run: async (text, signal) => {
      const response = await request("sparql", {
        method: "POST",
        signal,
        headers: { "Content-Type": "application/sparql-query", Accept: "application/sparql-results+json" },
        body: text,
      });
      const behind = behindHeader(response.headers.get("Bifrost-Behind"));
      return { ...sparqlAnswer(await answer(response)), behind };
    },
  },
];
