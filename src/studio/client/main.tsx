/** @file The studio's pages: header, and the page that the address names. */
import { render } from "preact";
import "./style.css";
import "./dataset.css";
import "./test.css";
import { followLink, useAddress } from "./lib/router.ts";
import { ComparePage } from "./pages/compare.tsx";
import { DatasetPage } from "./pages/dataset.tsx";
import { NewDatasetPage } from "./pages/new-dataset.tsx";
import { HomePage } from "./pages/home.tsx";
import { ModelPage } from "./pages/model.tsx";
import { NewModelPage } from "./pages/new-model.tsx";

const LINKS = [
  ["/", "Jobs"],
  ["/new-dataset", "New dataset"],
  ["/new-model", "New model"],
  ["/compare", "Compare"],
] as const;

function App() {
  const address = useAddress();
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
      <main id="content">
        <Page address={address} />
      </main>
    </>
  );
}

function Page({ address }: { address: URL }) {
  const { pathname, searchParams } = address;
  const [, section, id] = pathname.split("/");
  const from = searchParams.get("clone") ?? undefined;
  if (section === "datasets" && id) return <DatasetPage key={id} id={decodeURIComponent(id)} />;
  if (section === "models" && id) return <ModelPage key={id} id={decodeURIComponent(id)} />;
  if (section === "new-dataset") return <NewDatasetPage key={from} clone={from} />;
  if (section === "new-model") {
    return (
      <NewModelPage key={from} clone={from} dataset={searchParams.get("dataset") ?? undefined} />
    );
  }
  if (section === "compare")
    return <ComparePage ids={searchParams.get("jobs")?.split(",") ?? []} />;
  return <HomePage />;
}

document.addEventListener("click", followLink);
render(<App />, document.body);
