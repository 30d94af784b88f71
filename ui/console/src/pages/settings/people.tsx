import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { type ReactNode, useState } from "react";
import { graphql } from "../../api/client";
import { ADD_USER, REMOVE_USER, SET_PASSWORD, SET_SOURCES, USERS } from "../../api/queries";
import type { Role, User } from "../../api/types";
import { Confirm } from "../../components/confirm";
import { Empty, Problem } from "../../components/states";
import { when } from "../../lib/format";
import { useNotify } from "../../lib/notices";
import { useUser } from "../../lib/session";
import { useAction, useData } from "../../lib/use-data";

type Dialog =
  | { kind: "add" }
  | { kind: "sources"; user: User }
  | { kind: "password"; name: string }
  | { kind: "remove"; name: string };

/** Who may sign in. For administrators. */
export function People(): ReactNode {
  const { data, error, loading, reload } = useData<{ users: User[]; sources: { name: string }[] }>(USERS);
  const me = useUser();
  const notify = useNotify();
  const [dialog, setDialog] = useState<Dialog>();
  const done = (content: string): void => {
    setDialog(undefined);
    notify({ type: "success", content });
    void reload();
  };
  const remove = useAction(async (name: string) => {
    await graphql(REMOVE_USER, { name });
    done(`${name} can no longer sign in.`);
  });
  const close = (): void => setDialog(undefined);
  const known = data?.sources.map((source) => source.name) ?? [];

  return (
    <SpaceBetween size="m">
      {error && <Problem error={error} onRetry={() => void reload()} />}
      <Table
        items={data?.users ?? []}
        trackBy="name"
        loading={loading && !data}
        loadingText="Loading people"
        header={
          <Header
            variant="h2"
            counter={data ? `(${data.users.length})` : ""}
            description="Readers look, reviewers also answer and build, administrators also register sources and people."
            actions={<Button onClick={() => setDialog({ kind: "add" })}>Add a person</Button>}
          >
            People
          </Header>
        }
        columnDefinitions={[
          {
            id: "name",
            header: "Name",
            isRowHeader: true,
            cell: (u) => (u.name === me.name ? `${u.name} (you)` : u.name),
          },
          { id: "role", header: "Role", cell: (u) => u.role.toLowerCase() },
          {
            id: "sources",
            header: "Sees",
            cell: (u) => (u.sources ? u.sources.join(", ") || "nothing" : "all sources"),
          },
          { id: "created", header: "Since", cell: (u) => when(u.created) },
          {
            id: "actions",
            header: "Actions",
            cell: (u) => (
              <SpaceBetween direction="horizontal" size="s">
                <Button
                  variant="inline-link"
                  ariaLabel={`Set the password of ${u.name}`}
                  onClick={() => setDialog({ kind: "password", name: u.name })}
                >
                  Set password
                </Button>
                <Button
                  variant="inline-link"
                  ariaLabel={`Set what ${u.name} sees`}
                  disabled={u.role !== "READER"}
                  disabledReason="Reviewers and administrators see all sources."
                  onClick={() => setDialog({ kind: "sources", user: u })}
                >
                  Set sources
                </Button>
                <Button
                  variant="inline-link"
                  ariaLabel={`Remove ${u.name}`}
                  disabled={u.name === me.name}
                  disabledReason="You cannot remove yourself."
                  onClick={() => setDialog({ kind: "remove", name: u.name })}
                >
                  Remove
                </Button>
              </SpaceBetween>
            ),
          },
        ]}
        empty={<Empty title="Nobody" />}
      />
      {dialog?.kind === "add" && (
        <Add known={known} onClose={close} onDone={(name) => done(`${name} can sign in now.`)} />
      )}
      {dialog?.kind === "sources" && (
        <Sees
          user={dialog.user}
          known={known}
          onClose={close}
          onDone={() => done(`What ${dialog.user.name} sees is changed.`)}
        />
      )}
      {dialog?.kind === "password" && (
        <Password
          name={dialog.name}
          onClose={close}
          onDone={() => done(`The password of ${dialog.name} is changed.`)}
        />
      )}
      {dialog?.kind === "remove" && (
        <Confirm
          title={`Remove ${dialog.name}?`}
          verb="Remove"
          busy={remove.busy}
          error={remove.error}
          onCancel={close}
          onConfirm={() => void remove.run(dialog.name)}
        >
          {dialog.name} can no longer sign in, and their tokens stop working. Their answers stay.
        </Confirm>
      )}
    </SpaceBetween>
  );
}

const roles: { value: Role; label: string }[] = [
  { value: "READER", label: "Reader" },
  { value: "REVIEWER", label: "Reviewer" },
  { value: "ADMIN", label: "Administrator" },
];
const minimum = 8;

interface AddProps {
  known: string[];
  onClose: () => void;
  onDone: (name: string) => void;
}

function Add({ known, onClose, onDone }: AddProps): ReactNode {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<Role>("REVIEWER");
  const [sources, setSources] = useState<string[] | null>(null);
  const add = useAction(async () => {
    await graphql(ADD_USER, {
      name: name.trim(),
      password,
      role,
      sources: role === "READER" ? sources : null,
    });
    onDone(name.trim());
  });
  return (
    <Confirm
      title="Add a person"
      verb="Add"
      disabled={!name.trim() || password.length < minimum}
      busy={add.busy}
      error={add.error}
      onCancel={onClose}
      onConfirm={() => void add.run()}
    >
      <SpaceBetween size="m">
        <FormField label="User name">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} autoComplete={false} />
        </FormField>
        <FormField label="Password" constraintText={`At least ${minimum} characters.`}>
          <Input
            type="password"
            value={password}
            onChange={({ detail }) => setPassword(detail.value)}
            autoComplete="new-password"
          />
        </FormField>
        <FormField label="Role">
          <Select
            selectedOption={roles.find((option) => option.value === role) ?? null}
            options={roles}
            onChange={({ detail }) => setRole(detail.selectedOption.value as Role)}
          />
        </FormField>
        {role === "READER" && <Sources known={known} chosen={sources} onChange={setSources} />}
      </SpaceBetween>
    </Confirm>
  );
}

interface SourcesProps {
  known: string[];
  /** Null means all sources, those that are registered later included. */
  chosen: string[] | null;
  onChange: (chosen: string[] | null) => void;
}

function Sources({ known, chosen, onChange }: SourcesProps): ReactNode {
  const option = (value: string): { value: string; label: string } => ({ value, label: value });
  return (
    <SpaceBetween size="s">
      <FormField label="Sees" description="With some sources, a reader sees the graph of these alone.">
        <RadioGroup
          value={chosen ? "some" : "all"}
          items={[
            { value: "all", label: "All sources, later ones included" },
            { value: "some", label: "Only some sources" },
          ]}
          onChange={({ detail }) => onChange(detail.value === "all" ? null : [])}
        />
      </FormField>
      {chosen && (
        <FormField
          label="Sources"
          constraintText={chosen.length ? undefined : "With none chosen, a reader sees nothing."}
        >
          <Multiselect
            selectedOptions={chosen.map(option)}
            options={known.map(option)}
            placeholder="Choose sources"
            onChange={({ detail }) => onChange(detail.selectedOptions.map((one) => one.value ?? ""))}
          />
        </FormField>
      )}
    </SpaceBetween>
  );
}

interface SeesProps {
  user: User;
  known: string[];
  onClose: () => void;
  onDone: () => void;
}

function Sees({ user, known, onClose, onDone }: SeesProps): ReactNode {
  const [chosen, setChosen] = useState(user.sources ?? null);
  const save = useAction(async () => {
    await graphql(SET_SOURCES, { name: user.name, sources: chosen });
    onDone();
  });
  return (
    <Confirm
      title={`Set what ${user.name} sees`}
      verb="Save"
      busy={save.busy}
      error={save.error}
      onCancel={onClose}
      onConfirm={() => void save.run()}
    >
      <Sources known={known} chosen={chosen} onChange={setChosen} />
    </Confirm>
  );
}

function Password({ name, onClose, onDone }: { name: string; onClose: () => void; onDone: () => void }): ReactNode {
  const [password, setPassword] = useState("");
  const save = useAction(async () => {
    await graphql(SET_PASSWORD, { name, password });
    onDone();
  });
  return (
    <Confirm
      title={`Set the password of ${name}`}
      verb="Save"
      disabled={password.length < minimum}
      busy={save.busy}
      error={save.error}
      onCancel={onClose}
      onConfirm={() => void save.run()}
    >
      <FormField label="New password" constraintText={`At least ${minimum} characters.`}>
        <Input
          type="password"
          value={password}
          onChange={({ detail }) => setPassword(detail.value)}
          autoComplete="new-password"
        />
      </FormField>
    </Confirm>
  );
}
