import AppLayout from "@cloudscape-design/components/app-layout";
import Badge from "@cloudscape-design/components/badge";
import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import SideNavigation from "@cloudscape-design/components/side-navigation";
import TopNavigation from "@cloudscape-design/components/top-navigation";
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { currentUser, onSignedOut, signOut } from "./api/client";
import { REVIEW_SUMMARY } from "./api/queries";
import type { ReviewSummary } from "./api/review-types";
import type { User } from "./api/types";
import { ErrorBoundary } from "./components/error-boundary";
import { Loading, Problem } from "./components/states";
import { rememberFocus } from "./lib/focus";
import { useKeys } from "./lib/keys";
import { NoticeContext, type Notify } from "./lib/notices";
import { follow, navigate, useRoute } from "./lib/router";
import { UserContext } from "./lib/session";
import { setTheme, type Theme, useTheme } from "./lib/theme";
import { toApiError, useData } from "./lib/use-data";
import { SignIn } from "./pages/sign-in";

const pages: Record<string, ReturnType<typeof lazy>> = {
  "": lazy(() => import("./pages/home")),
  sources: lazy(() => import("./pages/sources")),
  builds: lazy(() => import("./pages/builds")),
  review: lazy(() => import("./pages/review")),
  explore: lazy(() => import("./pages/explore")),
  query: lazy(() => import("./pages/query")),
  settings: lazy(() => import("./pages/settings")),
};
const roomForNavigation = 1200;
const wide = new Set(["explore", "query", "review"]);

/** Asks who is signed in, then shows the console or the sign-in form. */
export function App(): ReactNode {
  const [user, setUser] = useState<User | null | undefined>();
  const [error, setError] = useState<unknown>();

  const check = useCallback(() => {
    setError(undefined);
    currentUser().then(setUser, setError);
  }, []);
  useEffect(check, [check]);
  useEffect(() => onSignedOut(() => setUser(null)), []);

  if (error !== undefined)
    return (
      <div className="centred">
        <Problem error={toApiError(error)} onRetry={check} />
      </div>
    );
  if (user === undefined)
    return (
      <div className="centred">
        <Loading text="Reaching the service" />
      </div>
    );
  if (user === null) return <SignIn onSignedIn={setUser} />;
  return (
    <UserContext.Provider value={user}>
      <Shell user={user} />
    </UserContext.Provider>
  );
}

function Shell({ user }: { user: User }): ReactNode {
  const route = useRoute();
  const section = route.path[0] ?? "";
  const [notices, setNotices] = useState<FlashbarProps.MessageDefinition[]>([]);
  const [navigationOpen, setNavigationOpen] = useState(() => window.innerWidth >= roomForNavigation);
  const serial = useRef(0);
  const said = useRef(new Map<string | undefined, number>());
  const notify = useCallback<Notify>((notice, key) => {
    const id = key ?? `notice-${(serial.current += 1)}`;
    const dismiss = (): void => setNotices((list) => list.filter((item) => item.id !== id));
    said.current.set(id, Date.now());
    setNotices((list) =>
      [{ ...notice, id, dismissible: true, onDismiss: dismiss }, ...list.filter((item) => item.id !== id)].slice(0, 4),
    );
  }, []);
  const path = route.path.join("/");
  useEffect(() => {
    // What was just said may be about the page that follows; what was said before is about another one.
    setNotices((list) => list.filter((item) => Date.now() - (said.current.get(item.id) ?? 0) < 2000));
  }, [path]);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current !== path) rememberFocus()();
    shown.current = path;
  }, [path]);
  useKeys({
    "/": () =>
      section === "explore" && !route.path[1]
        ? document.querySelector<HTMLInputElement>("#search input")?.focus()
        : navigate("#/explore"),
  });

  const Page = pages[section] ?? pages[""]!;
  return (
    <NoticeContext.Provider value={notify}>
      <div id="top">
        <Top user={user} />
      </div>
      <AppLayout
        headerSelector="#top"
        toolsHide
        navigationWidth={200}
        navigationOpen={navigationOpen}
        onNavigationChange={({ detail }) => setNavigationOpen(detail.open)}
        maxContentWidth={wide.has(section) ? Number.MAX_VALUE : 1280}
        navigation={<Navigation section={section} />}
        notifications={<Flashbar items={notices} stackItems={notices.length > 2} />}
        content={
          <div id="content">
            <ErrorBoundary key={section}>
              <Suspense fallback={<Loading text="Loading the page" />}>
                <Page />
              </Suspense>
            </ErrorBoundary>
          </div>
        }
      />
    </NoticeContext.Provider>
  );
}

function Navigation({ section }: { section: string }): ReactNode {
  const route = useRoute();
  const { data, reload } = useData<{ reviewSummary: ReviewSummary }>(REVIEW_SUMMARY);
  const path = route.path.join("/");
  useEffect(() => {
    if (path) void reload();
  }, [path, reload]);
  useEffect(() => {
    const onChange = (): void => void reload();
    window.addEventListener("bifrost:reviewed", onChange);
    return () => window.removeEventListener("bifrost:reviewed", onChange);
  }, [reload]);
  const proposed = data?.reviewSummary.proposed ?? 0;
  return (
    <SideNavigation
      activeHref={section ? `#/${section}` : "#/"}
      onFollow={follow}
      items={[
        { type: "link", text: "Home", href: "#/" },
        { type: "link", text: "Sources", href: "#/sources" },
        { type: "link", text: "Builds", href: "#/builds" },
        {
          type: "link",
          text: "Review",
          href: "#/review",
          ...(proposed ? { info: <Badge color="blue">{proposed}</Badge> } : {}),
        },
        { type: "link", text: "Explore", href: "#/explore" },
        { type: "link", text: "Query", href: "#/query" },
        { type: "divider" },
        { type: "link", text: "Settings", href: "#/settings" },
      ]}
    />
  );
}

const themes: Record<Theme, string> = { system: "As the system", light: "Light", dark: "Dark" };

function Top({ user }: { user: User }): ReactNode {
  const chosen = useTheme();
  return (
    <TopNavigation
      identity={{ href: "#/", title: "Bifrost", logo: { src: "./favicon.svg", alt: "Logo" }, onFollow: follow }}
      utilities={[
        {
          type: "menu-dropdown",
          text: user.name,
          description: user.role.toLowerCase(),
          iconName: "user-profile",
          onItemClick: ({ detail }) => {
            if (detail.id === "sign-out") void signOut();
            else if (detail.id === "settings") navigate("#/settings");
            else setTheme(detail.id as Theme);
          },
          items: [
            {
              id: "theme",
              text: "Appearance",
              items: (Object.keys(themes) as Theme[]).map((id) => ({
                id,
                text: themes[id],
                itemType: "checkbox" as const,
                checked: chosen === id,
              })),
            },
            { id: "settings", text: "Tokens and settings" },
            { id: "sign-out", text: "Sign out" },
          ],
        },
      ]}
    />
  );
}
