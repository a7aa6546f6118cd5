/** @file What the server thinks of a network, asked when the typing pauses. */
import { useEffect, useState } from "preact/hooks";
import type { CheckForm, CheckResult } from "../../api-types.ts";
import { errorsOf, post } from "./api.ts";

const QUIET_MS = 350;

export interface Check {
  readonly result: CheckResult | undefined;
  /** Whether the result is of an earlier text. */
  readonly isOld: boolean;
  /** Why there is no result. */
  readonly refusal: string;
}

export function useCheck(form: CheckForm): Check {
  const [check, setCheck] = useState<Check & { readonly key: string }>({
    ...{ result: undefined, isOld: true, refusal: "", key: "" },
  });
  const key = JSON.stringify(form);
  useEffect(() => {
    const stop = new AbortController();
    const settle = (found: Partial<Check>) => {
      if (stop.signal.aborted) return;
      setCheck({ result: undefined, isOld: false, refusal: "", key, ...found });
    };
    const timer = setTimeout(() => {
      post<CheckResult>("/api/check", JSON.parse(key), stop.signal).then(
        (result) => settle({ result }),
        (error: unknown) => settle({ refusal: Object.values(errorsOf(error)).flat().join(" ") }),
      );
    }, QUIET_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key]);
  return { ...check, isOld: check.key !== key };
}
