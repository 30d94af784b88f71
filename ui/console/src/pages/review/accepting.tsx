import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { type ReactNode, useState } from "react";
import { graphql } from "../../api/client";
import { ACCEPTING, SET_ACCEPT_RULE } from "../../api/queries";
import type { AcceptRule, AuditResult, LinkAudit, LinkKind, LinkType } from "../../api/review-types";
import { HashLink } from "../../components/hash-link";
import { Await, Empty } from "../../components/states";
import { count, estimate, percent, plural, when } from "../../lib/format";
import { rememberFocus } from "../../lib/focus";
import { useNotify } from "../../lib/notices";
import { useMay } from "../../lib/session";
import { toApiError, useData } from "../../lib/use-data";
import { kinds } from "../../lib/wording";

interface AcceptingData {
  acceptRules: AcceptRule[];
  auditResults: AuditResult[];
  linkAudits: LinkAudit[];
}

const ALL = "ALL";
const kindName = (kind: LinkKind | null): string => (kind ? kinds[kind] : "All kinds without a rule of their own");
const scopeName = (rule: AcceptRule): string => (rule.linkType ? "One link type" : kindName(rule.kind));

/** The rules by which proposals are confirmed without a question, and what people found when they checked. */
export function Accepting(): ReactNode {
  const loaded = useData<AcceptingData>(ACCEPTING);
  const may = useMay();
  const { set, busy } = useSetRule(() => void loaded.reload());
  return (
    <Await loaded={loaded} text="Loading rules">
      {({ acceptRules, auditResults, linkAudits }) => (
        <SpaceBetween size="l">
          <RuleForm disabled={!may.review} onSet={() => void loaded.reload()} />
          <Table
            items={acceptRules}
            trackBy={(rule) => rule.linkType ?? rule.kind ?? ALL}
            wrapLines
            header={
              <Header
                variant="h2"
                description="Nothing is accepted without a rule. What a person ever answered is left to people."
              >
                Rules
              </Header>
            }
            columnDefinitions={[
              {
                id: "kind",
                header: "Link types",
                isRowHeader: true,
                cell: (rule) =>
                  rule.linkType ? (
                    <HashLink to={`#/review/links/${encodeURIComponent(rule.linkType)}`}>One link type</HashLink>
                  ) : (
                    kindName(rule.kind)
                  ),
              },
              { id: "from", header: "From probability", cell: (rule) => String(rule.probability) },
              { id: "audit", header: "Checked by people", cell: (rule) => percent(rule.audit) },
              { id: "by", header: "Set by", cell: (rule) => `${rule.by}, ${when(rule.at)}` },
              {
                id: "end",
                header: "End",
                cell: (rule) => (
                  <Button
                    variant="inline-link"
                    disabled={!may.review || busy}
                    ariaLabel={`End the rule for ${scopeName(rule)}`}
                    onClick={() => void set(rule.kind, null, rule.audit, rule.linkType)}
                  >
                    End
                  </Button>
                ),
              },
            ]}
            empty={<Empty title="No rules">People answer every question.</Empty>}
          />
          <Table
            items={auditResults}
            trackBy="kind"
            wrapLines
            header={
              <Header variant="h2" description="Estimated precision with its 95% interval.">
                Audits
              </Header>
            }
            columnDefinitions={[
              { id: "kind", header: "Kind", isRowHeader: true, cell: (result) => kinds[result.kind] },
              { id: "accepted", header: "Accepted", cell: (result) => count(result.accepted) },
              { id: "checked", header: "Checked", cell: (result) => count(result.checked) },
              { id: "right", header: "Right", cell: (result) => count(result.right) },
              { id: "precision", header: "Precision", cell: (result) => estimate(result.precision) },
            ]}
            empty={<Empty title="Nothing was accepted by a rule" />}
          />
          <Table
            items={linkAudits}
            trackBy="id"
            wrapLines
            header={
              <Header
                variant="h2"
                description="Links drawn by lot from what was linked without a question; others are drawn every month. Answer them in the queue."
              >
                Audits of links
              </Header>
            }
            columnDefinitions={[
              {
                id: "name",
                header: "Link type",
                isRowHeader: true,
                cell: (one) => <HashLink to={`#/review/links/${encodeURIComponent(one.id)}`}>{one.name}</HashLink>,
              },
              { id: "rounds", header: "Rounds", cell: (one) => count(one.rounds) },
              { id: "drawn", header: "Drawn now", cell: (one) => `${count(one.drawn)} of ${count(one.population)}` },
              { id: "checked", header: "Checked", cell: (one) => count(one.checked) },
              { id: "right", header: "Right", cell: (one) => count(one.right) },
              { id: "precision", header: "Precision", cell: (one) => estimate(one.precision) },
            ]}
            empty={<Empty title="No links were drawn" />}
          />
        </SpaceBetween>
      )}
    </Await>
  );
}

const ONE = "ONE";

/** Sets a rule for one link type or its kind, or for a kind that is chosen here. */
export function RuleForm({
  link,
  disabled,
  onSet,
}: {
  link?: Pick<LinkType, "id" | "kind">;
  disabled: boolean;
  onSet: () => void;
}): ReactNode {
  const [chosen, setChosen] = useState<string>(link ? ONE : ALL);
  const [from, setFrom] = useState("0.98");
  const [audit, setAudit] = useState("10");
  const { set, busy } = useSetRule(onSet);
  const options = link
    ? [
        { value: ONE, label: "This link type" },
        { value: link.kind, label: `All of the kind ${kinds[link.kind].toLowerCase()}` },
      ]
    : [{ value: ALL, label: "All kinds" }, ...Object.entries(kinds).map(([value, label]) => ({ value, label }))];
  const kind = chosen === ALL || chosen === ONE ? null : (chosen as LinkKind);
  const probability = Number(from);
  const share = Number(audit) / 100;
  const wrong = !(probability >= 0.5 && probability <= 1);
  const unchecked = !(share > 0 && share <= 1);
  return (
    <div className="toolbar rule-form">
      <SpaceBetween direction="horizontal" size="m" alignItems="end">
        <FormField label="Link types">
          <Select
            selectedOption={options.find((option) => option.value === chosen) ?? null}
            options={options}
            onChange={({ detail }) => setChosen(detail.selectedOption.value ?? ALL)}
          />
        </FormField>
        <FormField label="Accept from probability" errorText={wrong ? "Between 0.5 and 1" : undefined}>
          <Input
            value={from}
            inputMode="decimal"
            invalid={wrong}
            onChange={({ detail }) => setFrom(detail.value)}
            disabled={disabled}
          />
        </FormField>
        <FormField label="Checked by people (%)" errorText={unchecked ? "More than 0, at most 100" : undefined}>
          <Input
            value={audit}
            inputMode="decimal"
            invalid={unchecked}
            onChange={({ detail }) => setAudit(detail.value)}
            disabled={disabled}
          />
        </FormField>
        <Button
          loading={busy}
          disabled={disabled || wrong || unchecked}
          disabledReason={disabled ? "Readers cannot set rules." : "Correct the figures first."}
          onClick={() => void set(kind, probability, share, chosen === ONE && link ? link.id : null)}
        >
          Set the rule
        </Button>
      </SpaceBetween>
    </div>
  );
}

function useSetRule(onSet: () => void): {
  set: (kind: LinkKind | null, probability: number | null, audit: number, linkType?: string | null) => Promise<void>;
  busy: boolean;
} {
  const notify = useNotify();
  const [busy, setBusy] = useState(false);
  const set = async (
    kind: LinkKind | null,
    probability: number | null,
    audit: number,
    linkType: string | null = null,
  ): Promise<void> => {
    const giveBack = rememberFocus();
    setBusy(true);
    try {
      const { setAcceptRule } = await graphql<{ setAcceptRule: { id: string }[] }>(SET_ACCEPT_RULE, {
        kind,
        probability,
        audit,
        linkType,
      });
      const now = setAcceptRule.length;
      notify(
        {
          type: "success",
          header: probability === null ? "The rule has ended" : "The rule is set",
          content: now ? `${plural(now, "link type")} accepted now.` : "Nothing was accepted now.",
        },
        "rule",
      );
      window.dispatchEvent(new Event("bifrost:reviewed"));
      onSet();
    } catch (failure) {
      const error = toApiError(failure);
      notify({ type: "error", header: error.message, content: error.remedy }, "rule");
    } finally {
      setBusy(false);
      giveBack();
    }
  };
  return { set, busy };
}
