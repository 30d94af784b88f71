import Alert from "@cloudscape-design/components/alert";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import Wizard from "@cloudscape-design/components/wizard";
import { type ReactNode, useMemo, useState } from "react";
import { graphql } from "../../api/client";
import { ADD_SOURCE, SOURCE_KINDS, SOURCES, START_BUILD, TEST_SOURCE } from "../../api/queries";
import type { ConnectionReport, SourceInput, SourceKind } from "../../api/types";
import { SchemaForm } from "../../components/schema-form";
import { Await, Problem } from "../../components/states";
import { useNotify } from "../../lib/notices";
import { navigate } from "../../lib/router";
import { check, type Draft, draftOf, fieldsOf, suggestName } from "../../lib/schema";
import { useAction, useData } from "../../lib/use-data";
import { Found } from "./found";

export function Register(): ReactNode {
  const kinds = useData<{ sourceKinds: SourceKind[] }>(SOURCE_KINDS);
  const sources = useData<{ sources: { name: string }[] }>(SOURCES);
  return (
    <Await loaded={kinds} text="Loading the kinds of sources">
      {(data) => <Steps kinds={data.sourceKinds} taken={sources.data?.sources.map((source) => source.name) ?? []} />}
    </Await>
  );
}

const hints: Record<string, string> = {
  sql: "PostgreSQL, MySQL, MariaDB, SQLite and every other database that SQLAlchemy knows",
  files:
    "Tables (csv, xlsx, json, parquet), documents (pdf, docx, pptx, eml, html, txt) and images, by upload or from a folder",
};

function Steps({ kinds, taken }: { kinds: SourceKind[]; taken: string[] }): ReactNode {
  const notify = useNotify();
  const [step, setStep] = useState(0);
  const [kindName, setKindName] = useState(kinds[0]?.kind ?? "");
  const kind = kinds.find((candidate) => candidate.kind === kindName);
  const fields = useMemo(() => (kind ? fieldsOf(kind) : []), [kind]);
  const [draft, setDraft] = useState<Draft>(() => draftOf(fields, {}));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [name, setName] = useState("");
  const [report, setReport] = useState<ConnectionReport>();
  const [build, setBuild] = useState(true);

  const checked = check(fields, draft);
  const input: SourceInput = {
    name: name || freeName(suggestName(kindName, checked.options), taken),
    kind: kindName,
    options: checked.options,
    secrets: checked.secrets,
  };
  const test = useAction(
    async () => (await graphql<{ testSource: ConnectionReport }>(TEST_SOURCE, { input })).testSource,
  );
  const save = useAction(async () => {
    await graphql(ADD_SOURCE, { input });
    if (!build) return null;
    return (await graphql<{ startBuild: { id: number } }>(START_BUILD, { sources: [input.name] })).startBuild.id;
  });

  const choose = (next: string): void => {
    const chosen = kinds.find((candidate) => candidate.kind === next);
    setKindName(next);
    setDraft(chosen ? draftOf(fieldsOf(chosen), {}) : {});
    setErrors({});
    setReport(undefined);
    test.clear();
  };

  const go = async (next: number): Promise<void> => {
    if (next < 2) return setStep(next);
    setErrors(checked.errors);
    if (Object.keys(checked.errors).length) return setStep(1);
    const found = await test.run();
    if (!found) return setStep(1);
    setReport(found);
    if (!name) setName(input.name);
    setStep(2);
  };

  const finish = async (): Promise<void> => {
    const id = await save.run();
    if (id === undefined) return;
    notify({ type: "success", content: `Source ${input.name} is registered.` }, "source");
    navigate(id === null ? `#/sources/${encodeURIComponent(input.name)}` : `#/builds/${id}`);
  };

  const nameError = taken.includes(name)
    ? "A source of this name exists."
    : name.includes("/")
      ? "A name has no slash."
      : undefined;
  return (
    <Wizard
      activeStepIndex={step}
      allowSkipTo={false}
      isLoadingNextStep={test.busy || save.busy}
      submitButtonText={build ? "Save and build" : "Save"}
      onCancel={() => navigate("#/sources")}
      onNavigate={({ detail }) => void go(detail.requestedStepIndex)}
      onSubmit={() => !nameError && name && void finish()}
      i18nStrings={{
        stepNumberLabel: (number) => `Step ${number}`,
        collapsedStepsLabel: (number, total) => `Step ${number} of ${total}`,
        navigationAriaLabel: "Steps",
        cancelButton: "Cancel",
        previousButton: "Back",
        nextButton: step === 1 ? "Test the connection" : "Next",
      }}
      steps={[
        {
          title: "Kind of source",
          content: (
            <Container header={<Header variant="h2">What do you want to connect?</Header>}>
              <Tiles
                value={kindName}
                ariaLabel="Kind of source"
                items={kinds.map((item) => ({
                  value: item.kind,
                  label: item.title,
                  description: hints[item.kind] ?? item.schema.description,
                }))}
                onChange={({ detail }) => choose(detail.value)}
              />
            </Container>
          ),
        },
        {
          title: "Connection",
          description: "Credentials are stored encrypted and shown nowhere.",
          content: (
            <SpaceBetween size="m">
              {test.error && <Problem error={test.error} header="The connection did not work" />}
              <Container header={<Header variant="h2">{kind?.title ?? ""}</Header>}>
                <SchemaForm
                  key={kindName}
                  fields={fields}
                  draft={draft}
                  errors={errors}
                  onChange={(next) => {
                    setDraft(next);
                    setErrors({});
                  }}
                />
              </Container>
            </SpaceBetween>
          ),
        },
        {
          title: "Found data and name",
          content: (
            <SpaceBetween size="m">
              {save.error && <Problem error={save.error} />}
              {report?.warnings.map((warning) => (
                <Alert key={warning} type="warning">
                  {warning}
                </Alert>
              ))}
              <Container header={<Header variant="h2">Name</Header>}>
                <SpaceBetween size="m">
                  <FormField
                    label="Name of the source"
                    description="Everything that comes from it carries this name; it cannot change later."
                    errorText={nameError ?? (name ? null : "Give the source a name.")}
                  >
                    <Input value={name} onChange={({ detail }) => setName(detail.value.trim())} />
                  </FormField>
                  <Checkbox checked={build} onChange={({ detail }) => setBuild(detail.checked)}>
                    Build the graph from it right away
                  </Checkbox>
                </SpaceBetween>
              </Container>
              {report && <Found report={report} />}
            </SpaceBetween>
          ),
        },
      ]}
    />
  );
}

function freeName(wanted: string, taken: string[]): string {
  if (!taken.includes(wanted)) return wanted;
  let number = 2;
  while (taken.includes(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}
