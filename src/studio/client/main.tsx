/** @file The studio's pages: header, and the page that the address names. */
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import "./style.css";
import "./dataset.css";
import "./test.css";
import { followLink, useAddress } from "./lib/router.ts";
import { lazy } from "./lib/lazy.tsx";
import { whenIdle } from "./lib/use-growing.ts";
import { HomePage } from "./pages/home.tsx";

const ComparePage = lazy(async () => (await import("./pages/compare.tsx")).ComparePage);
const DatasetPage = lazy(async () => (await import("./pages/dataset.tsx")).DatasetPage);
const ModelPage = lazy(async () => (await import("./pages/model.tsx")).ModelPage);
const NewDatasetPage = lazy(async () => (await import("./pages/new-dataset.tsx")).NewDatasetPage);
const NewModelPage = lazy(async () => (await import("./pages/new-model.tsx")).NewModelPage);

const LINKS = [
  ["/", "Jobs"],
  ["/new-dataset", "New dataset"],
  ["/new-model", "New model"],
  ["/compare", "Compare"],
] as const;

function App() {
  const address = useAddress();
  const content = useRef<HTMLElement>(null);
  const shown = useRef(address.pathname);
  const title = titleOf(address.pathname);
  useEffect(() => {
    document.title = title;
    // After a link, the keyboard and the reader go on at the new page's content.
    if (shown.current !== address.pathname) content.current?.focus();
    shown.current = address.pathname;
  }, [address.pathname, title]);
  return (
    <>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header>
        <a class="brand" href="/">
          <img src="/icon.svg" alt="" width="22" height="22" />
          cortado
        </a>
        <nav aria-label="Main">
          {LINKS.map(([path, label]) => (
            <a key={path} href={path} aria-current={address.pathname === path ? "page" : undefined}>
              {label}
            </a>
          ))}
        </nav>
      </header>
      <main id="content" ref={content} tabIndex={-1}>
        <Page address={address} />
      </main>
    </>
  );
}

function titleOf(pathname: string): string {
  const [, section, id] = pathname.split("/");
  const known = LINKS.find(([path]) => path === `/${section}`)?.[1];
  return `${(id && decoded(id)) || known || "Jobs"} – cortado`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // as somebody typed it
  }
}

function Page({ address }: { address: URL }) {
  const { pathname, searchParams } = address;
  const [, section, id] = pathname.split("/");
  const from = searchParams.get("clone") ?? undefined;
  if (section === "datasets" && id) return <DatasetPage key={id} id={decoded(id)} />;
  if (section === "models" && id) return <ModelPage key={id} id={decoded(id)} />;
  if (section === "new-dataset") return <NewDatasetPage key={from} clone={from} />;
  if (section === "new-model") {
    return (
      <NewModelPage key={from} clone={from} dataset={searchParams.get("dataset") ?? undefined} />
    );
  }
  if (section === "compare")
    return <ComparePage ids={searchParams.get("jobs")?.split(",") ?? []} />;
  return <HomePage query={searchParams} />;
}

document.addEventListener("click", followLink);
render(<App />, document.body);
// The first page comes first; then a click need not wait either.
setTimeout(
  () =>
    whenIdle(() => {
      for (const page of [ModelPage, DatasetPage, NewModelPage, NewDatasetPage, ComparePage]) {
        page.fetch();
      }
    }),
  1500,
);
