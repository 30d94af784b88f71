import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { signIn } from "../api/client";
import type { User } from "../api/types";
import { Problem } from "../components/states";
import { useAction } from "../lib/use-data";

export function SignIn({ onSignedIn }: { onSignedIn: (user: User) => void }): ReactNode {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const action = useAction(signIn);

  return (
    <main className="centred sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void action.run(name.trim(), password).then((user) => user && onSignedIn(user));
        }}
      >
        <Form
          actions={
            <Button variant="primary" formAction="submit" loading={action.busy} disabled={!name.trim() || !password}>
              Sign in
            </Button>
          }
        >
          <Container
            header={
              <Header variant="h1" description="Your company's knowledge graph">
                <span className="brand">
                  <img src="./favicon.svg" alt="" width="28" height="28" /> Bifrost
                </span>
              </Header>
            }
          >
            <SpaceBetween size="m">
              {action.error && <Problem error={action.error} />}
              <FormField label="User name">
                <Input
                  value={name}
                  onChange={({ detail }) => setName(detail.value)}
                  autoFocus
                  autoComplete="username"
                  name="username"
                />
              </FormField>
              <FormField label="Password">
                <Input
                  type="password"
                  value={password}
                  onChange={({ detail }) => setPassword(detail.value)}
                  autoComplete="current-password"
                  name="password"
                />
              </FormField>
              <Box color="text-body-secondary" fontSize="body-s">
                First time here? The service printed the administrator's name and password when it started.
              </Box>
            </SpaceBetween>
          </Container>
        </Form>
      </form>
    </main>
  );
}
