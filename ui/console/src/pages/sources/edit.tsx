import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useMemo, useState } from "react";
import { graphql } from "../../api/client";
import { SOURCE, TEST_SOURCE, UPDATE_SOURCE } from "../../api/queries";
import type { ConnectionReport, Source, SourceInput, SourceKind } from "../../api/types";
import { SchemaForm } from "../../components/schema-form";
import { Await, Empty, Problem } from "../../components/states";
import { useNotify } from "../../lib/notices";
import { navigate } from "../../lib/router";
import { check, draftOf, fieldsOf } from "../../lib/schema";
import { useAction, useData } from "../../lib/use-data";
import { Found } from "./found";

export function SourceEdit({ name }: { name: string }): ReactNode {
  const loaded = useData<{ source: Source | null; sourceKinds: SourceKind[] }>(SOURCE, { name });
  return (
    <Await loaded={loaded} text="Loading the source">
      {({ source, sourceKinds }) => {
        const kind = sourceKinds.find((candidate) => candidate.kind === source?.kind);
        if (!source || !kind)
          return <Empty title={`There is no source ${name}`} action={{ text: "All sources", href: "#/sources" }} />;
        return <EditForm source={source} kind={kind} />;
      }}
    </Await>
  );
}

function EditForm({ source, kind }: { source: Source; kind: SourceKind }): ReactNode {
  const notify = useNotify();
  const fields = useMemo(() => fieldsOf(kind), [kind]);
  const [draft, setDraft] = useState(() => draftOf(fields, source.options));
  const [rank, setRank] = useState(String(source.rank));
  const [limit, setLimit] = useState(String(Math.round(source.removalLimit * 100)));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [report, setReport] = useState<ConnectionReport>();
  const page = `#/sources/${encodeURIComponent(source.name)}`;

  const checked = check(fields, draft, true);
  const input: SourceInput = {
    name: source.name,
    kind: source.kind,
    options: checked.options,
    secrets: checked.secrets,
    rank: Number.parseInt(rank, 10) || 0,
    removalLimit: Math.min(1, Math.max(0, Number(limit) / 100)),
  };
  const valid = (): boolean => {
    setErrors(checked.errors);
    return !Object.keys(checked.errors).length;
  };
  const test = useAction(
    async () => (await graphql<{ testSource: ConnectionReport }>(TEST_SOURCE, { input })).testSource,
  );
  const save = useAction(async () => {
    await graphql(UPDATE_SOURCE, { name: source.name, input });
    return true;
  });

  return (
    <Form
      header={<Header variant="h1">{`Change ${source.name}`}</Header>}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button variant="link" onClick={() => navigate(page)}>
            Cancel
          </Button>
          <Button loading={test.busy} onClick={() => valid() && void test.run().then(setReport)}>
            Test the connection
          </Button>
          <Button
            variant="primary"
            loading={save.busy}
            onClick={async () => {
              if (valid() && (await save.run())) {
                notify(
                  { type: "success", content: `Source ${source.name} is changed. The next build uses it.` },
                  "source",
                );
                navigate(page);
              }
            }}
          >
            Save
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="m">
        {test.error && <Problem error={test.error} header="The connection did not work" />}
        {save.error && <Problem error={save.error} />}
        <Container header={<Header variant="h2">{kind.title}</Header>}>
          <SchemaForm fields={fields} draft={draft} errors={errors} editing onChange={setDraft} />
        </Container>
        <Container header={<Header variant="h2">How its data counts</Header>}>
          <div className="form-grid">
            <FormField
              label="Rank"
              description="Where sources disagree, the value of the source with the lower rank is shown first."
            >
              <Input type="number" value={rank} onChange={({ detail }) => setRank(detail.value)} />
            </FormField>
            <FormField
              label="Removal limit (%)"
              description="A build stops and asks before it removes a larger share of this source's records."
            >
              <Input type="number" value={limit} onChange={({ detail }) => setLimit(detail.value)} />
            </FormField>
          </div>
        </Container>
        {report && !test.busy && !test.error && <Found report={report} />}
      </SpaceBetween>
    </Form>
  );
}
