import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { type ReactNode, useRef, useState } from "react";
import { graphql } from "../../api/client";
import { TEACH } from "../../api/queries";
import type { LinkType } from "../../api/review-types";
import type { VertexRef } from "../../api/types";
import { Empty, Problem } from "../../components/states";
import { VertexPicker } from "../../components/vertex-picker";
import { navigate } from "../../lib/router";
import { useMay } from "../../lib/session";
import { useStored } from "../../lib/stored";
import { useAction } from "../../lib/use-data";
import { Evidence } from "./evidence";
import { Question } from "./question";
import { useJudge } from "./use-judge";

interface Example {
  tail: VertexRef;
  head: VertexRef;
  positive: boolean;
}

/** A missed link type, taught by pairs that belong together and pairs that do not. */
export function Teach(): ReactNode {
  const may = useMay();
  const [blind] = useStored("review.blind", false);
  const [tail, setTail] = useState<VertexRef>();
  const [head, setHead] = useState<VertexRef>();
  const [examples, setExamples] = useState<Example[]>([]);
  const [name, setName] = useState("");
  const pairsOf = (positive: boolean): { tail: string; head: string }[] =>
    examples
      .filter((example) => example.positive === positive)
      .map((example) => ({ tail: example.tail.id, head: example.head.id }));
  const teach = useAction(async () => {
    const variables = { positives: pairsOf(true), negatives: pairsOf(false), name: name.trim() || null, blind };
    return (await graphql<{ teach: LinkType[] }>(TEACH, variables)).teach;
  });
  const [found, setFound] = useState<LinkType[]>();
  const ends = useRef<HTMLDivElement>(null);
  const add = (positive: boolean): void => {
    if (!tail || !head) return;
    setExamples([...examples, { tail, head, positive }]);
    setTail(undefined);
    setHead(undefined);
    ends.current?.querySelector("input")?.focus();
  };

  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h2"
            description="Pick two things that belong together. Two or three pairs are mostly enough; a pair that does not belong together helps. Pairs that do not, given alone, narrow the link types that join them now."
          >
            Example pairs
          </Header>
        }
      >
        <SpaceBetween size="m">
          <div className="form-grid" ref={ends}>
            <VertexPicker label="From" value={tail} onChange={setTail} />
            <VertexPicker label="To" value={head} onChange={setHead} />
          </div>
          <SpaceBetween direction="horizontal" size="xs">
            <Button disabled={!tail || !head} onClick={() => add(true)}>
              These belong together
            </Button>
            <Button disabled={!tail || !head} onClick={() => add(false)}>
              These do not
            </Button>
          </SpaceBetween>
          <Table
            items={examples}
            variant="embedded"
            contentDensity="compact"
            columnDefinitions={[
              { id: "tail", header: "From", isRowHeader: true, cell: (e) => `${e.tail.name} (${e.tail.label})` },
              { id: "head", header: "To", cell: (e) => `${e.head.name} (${e.head.label})` },
              { id: "positive", header: "Belong together", cell: (e) => (e.positive ? "yes" : "no") },
              {
                id: "remove",
                header: "Remove",
                cell: (e) => (
                  <Button
                    variant="inline-link"
                    ariaLabel={`Remove ${e.tail.name} and ${e.head.name}`}
                    onClick={() => setExamples(examples.filter((other) => other !== e))}
                  >
                    Remove
                  </Button>
                ),
              },
            ]}
            empty={<Empty title="No pairs yet">Search for both ends above.</Empty>}
          />
          <FormField label="Name of the link" description="What the links are to be called.">
            <Input value={name} onChange={({ detail }) => setName(detail.value)} placeholder="supplied_by" />
          </FormField>
          <Button
            variant="primary"
            loading={teach.busy}
            disabled={!may.review || !examples.length}
            disabledReason={may.review ? "Give an example pair first." : "Readers cannot teach."}
            onClick={() => void teach.run().then(setFound)}
          >
            Find link types that explain these pairs
          </Button>
          {teach.error && <Problem error={teach.error} />}
        </SpaceBetween>
      </Container>
      {found && !teach.busy && (
        <Explanations found={found} name={name} onDone={(id) => navigate(`#/review/links/${encodeURIComponent(id)}`)} />
      )}
    </SpaceBetween>
  );
}

function Explanations({
  found,
  name,
  onDone,
}: {
  found: LinkType[];
  name: string;
  onDone: (id: string) => void;
}): ReactNode {
  const [blind] = useStored("review.blind", false);
  const { busy, judge } = useJudge(() => undefined, blind);
  if (!found.length)
    return (
      <Empty title="Nothing in the data explains these pairs">
        No columns or texts of the two sides share values for them. Try other pairs, or name the columns yourself: Link
        types, Add a link type.
      </Empty>
    );
  return (
    <SpaceBetween size="m">
      <Box variant="h2">What explains the pairs</Box>
      {found.map((link) => (
        <Container key={link.id}>
          <SpaceBetween size="m">
            <Question link={link} name={name || link.name} blind={blind} />
            <Evidence link={link} blind={blind} />
            <Button
              variant="primary"
              loading={busy}
              onClick={() =>
                void judge(
                  link.id,
                  "CONFIRM",
                  name.trim() && name.trim() !== link.name ? { name: name.trim() } : undefined,
                ).then((result) => result && onDone(result.linkType?.id ?? link.id))
              }
            >
              Confirm this link type
            </Button>
          </SpaceBetween>
        </Container>
      ))}
    </SpaceBetween>
  );
}
