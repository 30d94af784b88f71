import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { type ReactNode, useRef } from "react";
import {
  answersIn,
  EXPORT_KNOWLEDGE,
  IMPORT_KNOWLEDGE,
  KNOWLEDGE_IMPORTS,
  type KnowledgeImport,
  type Learnt,
  REMOVE_KNOWLEDGE,
} from "../../api/carrying";
import { graphql } from "../../api/client";
import { Await, Empty, Problem } from "../../components/states";
import { download } from "../../lib/files";
import { count, plural, when } from "../../lib/format";
import { rememberFocus } from "../../lib/focus";
import { useNotify } from "../../lib/notices";
import { useMay } from "../../lib/session";
import { useAction, useData } from "../../lib/use-data";
import { movement } from "../../lib/wording";

const answers = (types: number, pairs: number): string =>
  `${plural(types, "answer")} about link types and ${count(pairs)} about pairs of records`;

/** What was learnt here as a file for other projects, and what was taken over from others. */
export function Carrying(): ReactNode {
  return (
    <SpaceBetween size="l">
      <Export />
      <Imports />
    </SpaceBetween>
  );
}

function Export(): ReactNode {
  const notify = useNotify();
  const save = useAction(async () => {
    const { linkingKnowledge } = await graphql<{ linkingKnowledge: string }>(EXPORT_KNOWLEDGE);
    const { types, pairs } = answersIn(linkingKnowledge);
    if (!types && !pairs) {
      notify(
        { type: "info", header: "There is nothing to export yet", content: "Answer some questions first." },
        "knowledge",
      );
      return;
    }
    download("bifrost-knowledge.json", linkingKnowledge, "application/json");
    notify({ type: "success", header: "Exported what was learnt", content: `${answers(types, pairs)}.` }, "knowledge");
  });
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <Button iconName="download" loading={save.busy} onClick={() => void save.run()}>
              Export what was learnt
            </Button>
          }
        >
          For other projects
        </Header>
      }
    >
      <SpaceBetween size="s">
        <Box variant="p">
          The file holds what people answered here as numbers: the features of what was asked, and yes or no. It holds
          no names and no values of your data. Import it where another project begins, so that it asks less.
        </Box>
        {save.error && <Problem error={save.error} />}
      </SpaceBetween>
    </Container>
  );
}

function Imports(): ReactNode {
  const loaded = useData<{ knowledgeImports: KnowledgeImport[] }>(KNOWLEDGE_IMPORTS);
  const may = useMay();
  const notify = useNotify();
  const picker = useRef<HTMLInputElement>(null);
  const tell = (header: string, { imported, moved }: Learnt): void => {
    const pairs = imported.aboutPairs ? " Pairs of records follow with the next build." : "";
    const what = `${answers(imported.aboutTypes, imported.aboutPairs)}.`;
    notify({ type: "success", header, content: `${what} ${movement(moved)}${pairs}` }, "knowledge");
    window.dispatchEvent(new Event("bifrost:reviewed"));
    void loaded.reload();
  };
  const take = useAction(async (file: File) => {
    const content = await file.text();
    const { importKnowledge } = await graphql<{ importKnowledge: Learnt }>(IMPORT_KNOWLEDGE, {
      content,
      name: file.name,
    });
    tell(`Taken over from ${file.name}`, importKnowledge);
  });
  const remove = useAction(async (id: string) => {
    const { removeKnowledge } = await graphql<{ removeKnowledge: Learnt }>(REMOVE_KNOWLEDGE, { id });
    tell(`Taken back: ${removeKnowledge.imported.name}`, removeKnowledge);
  });
  return (
    <Await loaded={loaded} text="Loading what was taken over">
      {({ knowledgeImports }) => (
        <SpaceBetween size="s">
          <Table
            items={knowledgeImports}
            trackBy="id"
            wrapLines
            header={
              <Header
                variant="h2"
                description="Answers of other projects count half as much as yours; those about pairs only as far as your doubtful pairs look like theirs."
                actions={
                  <Button
                    iconName="upload"
                    disabled={!may.review}
                    loading={take.busy}
                    onClick={() => picker.current?.click()}
                  >
                    Import from another project
                  </Button>
                }
              >
                Taken over
              </Header>
            }
            columnDefinitions={[
              { id: "name", header: "File", isRowHeader: true, cell: (one) => one.name || one.id },
              { id: "types", header: "Answers about link types", cell: (one) => count(one.aboutTypes) },
              { id: "pairs", header: "About pairs", cell: (one) => count(one.aboutPairs) },
              { id: "by", header: "Imported", cell: (one) => `${one.by}, ${when(one.at)}` },
              {
                id: "remove",
                header: "Take back",
                cell: (one) => (
                  <Button
                    variant="inline-link"
                    disabled={!may.review || remove.busy}
                    ariaLabel={`Take back ${one.name || one.id}`}
                    onClick={() => {
                      const giveBack = rememberFocus();
                      void remove.run(one.id).then(giveBack);
                    }}
                  >
                    Take back
                  </Button>
                ),
              },
            ]}
            empty={<Empty title="Nothing was taken over">This project learns from its own answers alone.</Empty>}
          />
          <input
            ref={picker}
            type="file"
            accept=".json,application/json"
            hidden
            aria-label="File of knowledge"
            onChange={(event) => {
              const file = event.target.files?.[0];
              // The same file can be chosen again after an error.
              event.target.value = "";
              if (file) void take.run(file);
            }}
          />
          {take.error && <Problem error={take.error} />}
          {remove.error && <Problem error={remove.error} />}
        </SpaceBetween>
      )}
    </Await>
  );
}
