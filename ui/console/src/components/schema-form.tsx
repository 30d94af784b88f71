import Autosuggest from "@cloudscape-design/components/autosuggest";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import Toggle from "@cloudscape-design/components/toggle";
import { type ReactNode, useState } from "react";
import type { Upload } from "../api/client";
import type { Draft, Field } from "../lib/schema";
import { DropZone } from "./drop-zone";

interface Props {
  fields: Field[];
  draft: Draft;
  errors: Record<string, string>;
  /** Secrets that are stored already are kept when left empty. */
  editing?: boolean;
  onChange: (draft: Draft) => void;
}

const addressWords =
  /^(dialect|driver|engine|host(name)?|server|port|database|db|user(_?name)?|login|password|passwd)$/i;

/** The form of a connector, made from its JSON schema. */
export function SchemaForm({ fields, draft, errors, editing = false, onChange }: Props): ReactNode {
  const url = fields.find((field) => /^(url|uri|dsn)$/i.test(field.name));
  const address = fields.filter((field) => addressWords.test(field.name));
  const path = fields.find((field) => field.name === "path");
  const twoWays = url !== undefined && address.length > 1;
  const [byUrl, setByUrl] = useState(() => twoWays && Boolean(draft[url.name]));
  const [byUpload, setByUpload] = useState(() => path !== undefined && !draft[path.name]);
  const [uploaded, setUploaded] = useState<Upload>();

  const anyRequired = fields.some((field) => field.required);
  const hidden = new Set<Field>();
  if (twoWays) (byUrl ? address : [url]).forEach((field) => field.type !== "secret" && hidden.add(field));
  if (path && byUpload) hidden.add(path);
  const one = (field: Field): ReactNode => (
    <Entry
      key={field.name}
      field={field}
      value={draft[field.name] ?? ""}
      error={errors[field.name]}
      editing={editing}
      marked={anyRequired && field.basic}
      onChange={(value) => onChange({ ...draft, [field.name]: value })}
    />
  );
  const clear = (list: Field[]): Draft => ({ ...draft, ...Object.fromEntries(list.map((field) => [field.name, ""])) });
  const basic = fields.filter((field) => field.basic && !hidden.has(field));
  const more = fields.filter((field) => !field.basic && !hidden.has(field));

  return (
    <SpaceBetween size="m">
      {twoWays && (
        <SegmentedControl
          label="How to give the address"
          selectedId={byUrl ? "url" : "fields"}
          options={[
            { id: "fields", text: "Host, port and credentials" },
            { id: "url", text: "Connection URL" },
          ]}
          onChange={({ detail }) => {
            setByUrl(detail.selectedId === "url");
            onChange(clear(detail.selectedId === "url" ? address.filter((field) => field.type !== "secret") : [url]));
          }}
        />
      )}
      {path && (
        <SegmentedControl
          label="Where the files are"
          selectedId={byUpload ? "upload" : "path"}
          options={[
            { id: "upload", text: "Upload from this computer" },
            { id: "path", text: "Path on the server" },
          ]}
          onChange={({ detail }) => setByUpload(detail.selectedId === "upload")}
        />
      )}
      {path && byUpload && (
        <FormField
          label="Files"
          errorText={errors[path.name] ? "Upload files, or give a path on the server." : null}
          stretch
        >
          <DropZone
            done={uploaded}
            onDone={(upload) => {
              setUploaded(upload);
              onChange({ ...draft, [path.name]: upload.path });
            }}
          />
        </FormField>
      )}
      <div className="form-grid">{basic.map(one)}</div>
      {more.length > 0 && (
        <ExpandableSection headerText="More options" defaultExpanded={more.some((field) => errors[field.name])}>
          <div className="form-grid">{more.map(one)}</div>
        </ExpandableSection>
      )}
    </SpaceBetween>
  );
}

interface EntryProps {
  field: Field;
  value: string | boolean;
  error: string | undefined;
  editing: boolean;
  /** Whether optional entries are marked: not where an address may be given in several ways. */
  marked: boolean;
  onChange: (value: string | boolean) => void;
}

function Entry({ field, value, error, editing, marked, onChange }: EntryProps): ReactNode {
  const text = String(value);
  if (field.type === "boolean")
    return (
      <FormField description={field.description}>
        <Toggle checked={value === true} onChange={({ detail }) => onChange(detail.checked)}>
          {field.title}
        </Toggle>
      </FormField>
    );
  const label =
    field.required || !marked ? (
      field.title
    ) : (
      <>
        {field.title} <i>– optional</i>
      </>
    );
  return (
    <FormField label={label} description={field.description} errorText={error ?? null}>
      {field.type === "choice" ? (
        <Select
          selectedOption={text ? { value: text } : null}
          options={field.choices.map((choice) => ({ value: choice }))}
          placeholder="Choose"
          onChange={({ detail }) => onChange(detail.selectedOption.value ?? "")}
        />
      ) : field.type === "list" || field.type === "json" ? (
        <Textarea
          value={text}
          rows={field.type === "list" ? 2 : 4}
          placeholder={field.type === "list" ? "One per line" : "{ }"}
          onChange={({ detail }) => onChange(detail.value)}
        />
      ) : field.suggestions.length > 0 ? (
        <Autosuggest
          value={text}
          name={field.name}
          options={field.suggestions.map((value) => ({ value }))}
          filteringType="none"
          enteredTextLabel={(entered) => `Use "${entered}"`}
          ariaLabel={field.title}
          onChange={({ detail }) => onChange(detail.value)}
        />
      ) : (
        <Input
          value={text}
          name={field.name}
          type={field.type === "secret" ? "password" : field.type === "text" ? "text" : "number"}
          placeholder={field.type === "secret" && editing ? "Unchanged" : field.placeholder}
          autoComplete={field.type === "secret" ? "new-password" : false}
          onChange={({ detail }) => onChange(detail.value)}
        />
      )}
    </FormField>
  );
}
