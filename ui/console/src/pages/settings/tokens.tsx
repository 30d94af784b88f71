import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { type ReactNode, useState } from "react";
import { graphql } from "../../api/client";
import { CREATE_TOKEN, REVOKE_TOKEN, TOKENS } from "../../api/queries";
import type { Token } from "../../api/types";
import { Confirm } from "../../components/confirm";
import { Empty, Problem } from "../../components/states";
import { when } from "../../lib/format";
import { useMay } from "../../lib/session";
import { useAction, useData } from "../../lib/use-data";

/** The signed-in person's tokens for programs. A token is shown once, when it is made. */
export function Tokens(): ReactNode {
  const { data, error, loading, reload } = useData<{ tokens: Token[] }>(TOKENS);
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState("");
  const [revoking, setRevoking] = useState<Token>();
  const revoke = useAction(async (id: number) => {
    await graphql(REVOKE_TOKEN, { id });
    setRevoking(undefined);
    await reload();
  });

  return (
    <SpaceBetween size="m">
      {error && <Problem error={error} onRetry={() => void reload()} />}
      {secret && (
        <Alert
          type="success"
          header="Copy the token now: it is not shown again"
          dismissible
          onDismiss={() => setSecret("")}
        >
          <CopyToClipboard
            variant="inline"
            textToCopy={secret}
            copyButtonAriaLabel="Copy the token"
            copySuccessText="Copied"
            copyErrorText="Not copied"
          />
        </Alert>
      )}
      <Table
        items={data?.tokens ?? []}
        trackBy="id"
        loading={loading && !data}
        loadingText="Loading tokens"
        header={
          <Header
            variant="h2"
            description="For programs: sent as “Authorization: Bearer …”, or as the password of Gremlin and SPARQL clients."
            actions={<Button onClick={() => setMaking(true)}>Create a token</Button>}
          >
            My tokens
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: "Name", isRowHeader: true, cell: (t) => t.name },
          { id: "scopes", header: "Scopes", cell: (t) => t.scopes.join(", ") },
          { id: "created", header: "Created", cell: (t) => when(t.created) },
          { id: "expires", header: "Expires", cell: (t) => (t.expires ? when(t.expires) : "never") },
          { id: "used", header: "Last used", cell: (t) => (t.lastUsed ? when(t.lastUsed) : "never") },
          {
            id: "revoke",
            header: "Revoke",
            cell: (t) => (
              <Button variant="inline-link" ariaLabel={`Revoke ${t.name}`} onClick={() => setRevoking(t)}>
                Revoke
              </Button>
            ),
          },
        ]}
        empty={<Empty title="No tokens" action={{ text: "Create a token", onClick: () => setMaking(true) }} />}
      />
      {making && (
        <Create
          onClose={() => setMaking(false)}
          onMade={(text) => {
            setMaking(false);
            setSecret(text);
            void reload();
          }}
        />
      )}
      {revoking && (
        <Confirm
          title={`Revoke ${revoking.name}?`}
          verb="Revoke"
          busy={revoke.busy}
          error={revoke.error}
          onCancel={() => setRevoking(undefined)}
          onConfirm={() => void revoke.run(revoking.id)}
        >
          Programs that use this token are refused from now on.
        </Confirm>
      )}
    </SpaceBetween>
  );
}

const lifetimes = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "a year" },
  { value: "", label: "never" },
];

function Create({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }): ReactNode {
  const may = useMay();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["read"]);
  const [days, setDays] = useState("90");
  const allowed = ["read", ...(may.review ? ["write"] : []), ...(may.administer ? ["admin"] : [])];
  const create = useAction(async () => {
    const variables = { name, scopes, expiresInDays: days ? Number(days) : null };
    onMade((await graphql<{ createToken: { secret: string } }>(CREATE_TOKEN, variables)).createToken.secret);
  });
  return (
    <Confirm
      title="Create a token"
      verb="Create"
      disabled={!name.trim() || !scopes.length}
      busy={create.busy}
      error={create.error}
      onCancel={onClose}
      onConfirm={() => void create.run()}
    >
      <SpaceBetween size="m">
        <FormField label="Name" description="What it is for.">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} placeholder="notebook" />
        </FormField>
        <FormField label="Scopes">
          <Multiselect
            selectedOptions={scopes.map((value) => ({ value, label: value }))}
            options={allowed.map((value) => ({ value, label: value }))}
            onChange={({ detail }) => setScopes(detail.selectedOptions.map((option) => option.value ?? ""))}
          />
        </FormField>
        <FormField label="Expires after">
          <Select
            selectedOption={lifetimes.find((option) => option.value === days) ?? null}
            options={lifetimes}
            onChange={({ detail }) => setDays(detail.selectedOption.value ?? "")}
          />
        </FormField>
      </SpaceBetween>
    </Confirm>
  );
}
