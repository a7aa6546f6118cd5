/** @file Fields of forms: label, hint and error belong to the control for eyes and screen readers alike. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { FieldErrors } from "../lib/api.ts";

export interface ControlProps {
  readonly id: string;
  readonly "aria-describedby"?: string;
  readonly "aria-invalid"?: boolean;
}

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  children(control: ControlProps): ComponentChildren;
}

export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const about = hint || error ? { "aria-describedby": `${id}-about` } : {};
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, ...about, ...(error ? { "aria-invalid": true } : {}) })}
      {(hint || error) && (
        <div id={`${id}-about`}>
          {error && <p class="error">{error}</p>}
          {hint && <p class="hint">{hint}</p>}
        </div>
      )}
    </div>
  );
}

interface InputProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly placeholder?: string;
  readonly inputMode?: "numeric" | "decimal" | "text";
}

export function TextField({ label, hint, error, value, onChange, ...rest }: InputProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <input
          {...control}
          {...rest}
          value={value}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface SelectProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly choices: readonly (readonly [value: Value, label: string])[];
  readonly onChange: (value: Value) => void;
  readonly hint?: string;
  readonly error?: string | undefined;
}

export function SelectField<Value extends string>(props: SelectProps<Value>) {
  const { label, hint, error, value, choices, onChange } = props;
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <select
          {...control}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value as Value)}
        >
          {choices.map(([choice, text]) => (
            <option key={choice} value={choice}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** The first sentence for a field. */
export const errorFor = (errors: FieldErrors, field: string) => errors[field]?.[0];

/** Sentences that belong to no field on the page. */
export function FormErrors({ errors, fields }: { errors: FieldErrors; fields: readonly string[] }) {
  const rest = Object.entries(errors).filter(([field]) => !fields.includes(field));
  if (rest.length === 0) return null;
  return (
    <div class="banner bad" role="alert">
      {rest.flatMap(([field, sentences]) =>
        sentences.map((text) => <p key={field + text}>{field ? `${field}: ${text}` : text}</p>),
      )}
    </div>
  );
}
