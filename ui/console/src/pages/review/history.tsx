import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import Select from "@cloudscape-design/components/select";
import Table from "@cloudscape-design/components/table";
import { useCollection } from "@cloudscape-design/collection-hooks";
import type { ReactNode } from "react";
import { JUDGEMENTS, REVIEWERS } from "../../api/queries";
import type { Judgement, Reviewer } from "../../api/review-types";
import { HashLink } from "../../components/hash-link";
import { Await, Empty } from "../../components/states";
import { when } from "../../lib/format";
import { href, navigate, useRoute } from "../../lib/router";
import { useMay } from "../../lib/session";
import { useData } from "../../lib/use-data";
import { verdicts } from "../../lib/wording";
import { useJudge } from "./use-judge";

const EVERYBODY = { value: "", label: "Everybody" };

/** Every answer: who, when, why; each can be undone. */
export function History(): ReactNode {
  const by = useRoute().params.get("by");
  const loaded = useData<{ judgements: Judgement[] }>(JUDGEMENTS, { limit: 500, by });
  const people = useData<{ reviewers: { reviewers: Reviewer[] } }>(REVIEWERS);
  const names = people.data?.reviewers.reviewers.map((one) => one.name) ?? [];
  const options = [
    EVERYBODY,
    ...[...new Set([...names, ...(by ? [by] : [])])].map((name) => ({ value: name, label: name })),
  ];
  const may = useMay();
  const { busy, undo } = useJudge(loaded.reload);
  return (
    <Await loaded={loaded} text="Loading answers">
      {({ judgements }) => (
        <JudgementTable
          judgements={judgements}
          busy={busy || !may.review}
          onUndo={(id) => void undo(id)}
          title="History"
          actions={
            <Select
              ariaLabel="Answers of"
              options={options}
              selectedOption={options.find((option) => option.value === (by ?? "")) ?? EVERYBODY}
              onChange={({ detail }) =>
                navigate(href("review/history", { by: detail.selectedOption.value || undefined }), { replace: true })
              }
            />
          }
        />
      )}
    </Await>
  );
}

interface Props {
  judgements: Judgement[];
  busy: boolean;
  title: string;
  actions?: ReactNode;
  onUndo: (id: number) => void;
}

/** The id of a record as its source writes it. */
const readable = (uid: string): string => {
  try {
    return decodeURIComponent(uid);
  } catch {
    return uid;
  }
};

const subjectOf = (judgement: Judgement): string => {
  const [, tail, head] = judgement.subject.split("|");
  const name = judgement.linkType?.name ?? judgement.subject;
  return tail && head ? `${name}: ${readable(tail)} and ${readable(head)}` : name;
};

const correctionOf = (judgement: Judgement): string =>
  Object.entries(judgement.correction ?? {})
    .filter(([, value]) => value !== null && value !== false && JSON.stringify(value) !== "{}")
    .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join(", ");

export function JudgementTable({ judgements, busy, title, actions, onUndo }: Props): ReactNode {
  const { items, collectionProps, paginationProps } = useCollection(judgements, {
    pagination: { pageSize: 20 },
    sorting: {},
  });
  return (
    <Table
      {...collectionProps}
      items={items}
      trackBy="id"
      wrapLines
      header={
        <Header
          variant="h2"
          counter={`(${judgements.length})`}
          actions={actions}
          description="Undoing an answer restores the graph as it was without it."
        >
          {title}
        </Header>
      }
      pagination={judgements.length > 20 && <Pagination {...paginationProps} />}
      columnDefinitions={[
        { id: "at", header: "When", sortingField: "at", cell: (j) => when(j.at) },
        { id: "by", header: "Who", sortingField: "by", cell: (j) => j.by },
        {
          id: "verdict",
          header: "Answer",
          sortingField: "verdict",
          cell: (j) => (
            <>
              {j.undone ? <s>{verdicts[j.verdict]}</s> : verdicts[j.verdict]}
              {j.blind && <span className="muted"> (blind)</span>}
              {j.disputed && <span className="muted"> (disputed, without effect)</span>}
            </>
          ),
        },
        {
          id: "subject",
          header: "About",
          isRowHeader: true,
          cell: (j) =>
            j.linkType ? (
              <HashLink to={`#/review/links/${encodeURIComponent(j.linkType.id)}`}>{subjectOf(j)}</HashLink>
            ) : (
              <span className="breakable">{subjectOf(j)}</span>
            ),
        },
        {
          id: "correction",
          header: "Changed",
          cell: (j) => <span className="breakable">{[correctionOf(j), j.note].filter(Boolean).join("; ") || "–"}</span>,
        },
        {
          id: "undo",
          header: "Undo",
          cell: (j) =>
            j.undone ? (
              "undone"
            ) : (
              <Button
                variant="inline-link"
                disabled={busy}
                ariaLabel={`Undo: ${verdicts[j.verdict]} ${subjectOf(j)}`}
                onClick={() => onUndo(j.id)}
              >
                Undo
              </Button>
            ),
        },
      ]}
      empty={
        <Empty title="No answers yet" action={{ text: "Review proposals", href: "#/review" }}>
          Your answers will be listed here.
        </Empty>
      }
    />
  );
}
