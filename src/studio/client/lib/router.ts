/** @file Which page the address names; links change it without loading anything. */
import { useEffect, useState } from "preact/hooks";

const listeners = new Set<() => void>();

export function go(path: string): void {
  history.pushState(null, "", path);
  for (const listener of listeners) listener();
  window.scrollTo(0, 0);
}

/** The same page in another state; "back" leads to the page before it. */
export function replaceAddress(path: string): void {
  history.replaceState(null, "", path);
  for (const listener of listeners) listener();
}

/** The current address; the component is drawn again when it changes. */
export function useAddress(): URL {
  const [address, setAddress] = useState(location.href);
  useEffect(() => {
    const update = () => setAddress(location.href);
    listeners.add(update);
    window.addEventListener("popstate", update);
    return () => {
      listeners.delete(update);
      window.removeEventListener("popstate", update);
    };
  }, []);
  return new URL(address);
}

/** Links of our own pages stay in the page; everything else is the browser's. */
export function followLink(event: MouseEvent): void {
  const target = event.target instanceof Element ? event.target.closest("a") : null;
  if (!target || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const url = new URL(target.href);
  const isOurs = url.origin === location.origin && !url.pathname.startsWith("/api/");
  // A place on this page, such as its content.
  if (target.getAttribute("href")?.startsWith("#")) return;
  if (!isOurs || target.target !== "" || target.hasAttribute("download")) return;
  event.preventDefault();
  go(url.pathname + url.search);
}
