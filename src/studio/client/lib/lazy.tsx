/** @file Pages whose code is fetched when they are first shown. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export interface LazyPage<Props> {
  (props: Props): preact.JSX.Element;
  /** Fetches it ahead. */
  fetch(): void;
}

export function lazy<Props>(load: () => Promise<ComponentType<Props>>): LazyPage<Props> {
  let Loaded: ComponentType<Props> | undefined;
  const fetched = async () => {
    Loaded ??= await load();
  };
  const Page = (props: Props) => {
    const [state, setState] = useState<"loading" | "there" | "failed">("loading");
    useEffect(() => {
      fetched().then(
        () => setState("there"),
        () => setState("failed"),
      );
    }, []);
    if (Loaded) return <Loaded {...(props as Props & preact.JSX.IntrinsicAttributes)} />;
    if (state === "loading") return <p>Loading ...</p>;
    return (
      <p class="banner bad" role="alert">
        This page could not be fetched: the studio has ended, or is a newer one now. Reload the
        page.
      </p>
    );
  };
  return Object.assign(Page, { fetch: () => void fetched().catch(() => undefined) });
}
