/** Knowledge that is carried between projects. */

import type { Moved } from "./review-types";

export interface KnowledgeImport {
  id: string;
  name: string;
  by: string;
  at: string;
  aboutTypes: number;
  aboutPairs: number;
}

/** What taking knowledge over, or back, did. */
export interface Learnt {
  imported: KnowledgeImport;
  moved: Moved[];
}

const imported = "id name by at aboutTypes aboutPairs";
const learnt = `imported { ${imported} } moved { id name before after }`;

export const KNOWLEDGE_IMPORTS = `query KnowledgeImports { knowledgeImports { ${imported} } }`;
export const EXPORT_KNOWLEDGE = "query ExportKnowledge { linkingKnowledge }";
export const IMPORT_KNOWLEDGE = `mutation ImportKnowledge($content: String!, $name: String) {
  importKnowledge(content: $content, name: $name) { ${learnt} }
}`;
export const REMOVE_KNOWLEDGE = `mutation RemoveKnowledge($id: ID!) { removeKnowledge(id: $id) { ${learnt} } }`;

/** How many answers a file that linkingKnowledge gave holds. */
export function answersIn(content: string): { types: number; pairs: number } {
  const { kinds, pairs } = JSON.parse(content) as {
    kinds: Record<string, unknown[]>;
    pairs?: { answers: unknown[] }[];
  };
  const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0);
  return {
    types: sum(Object.values(kinds).map((answers) => answers.length)),
    pairs: sum((pairs ?? []).map((lesson) => lesson.answers.length)),
  };
}
