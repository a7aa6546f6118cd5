/** @file Finds jobs on the home page: words, state, order. */
import type { ComponentChildren } from "preact";
import { type JobFilter, ORDERS, STATES } from "../lib/job-filter.ts";

interface JobFilterBarProps {
  readonly filter: JobFilter;
  readonly onChange: (filter: JobFilter) => void;
  readonly children: ComponentChildren;
}

export function JobFilterBar({ filter, onChange, children }: JobFilterBarProps) {
  return (
    <search class="toolbar find">
      <input
        type="search"
        aria-label="Find jobs"
        placeholder="Find by name, dataset or error"
        value={filter.find}
        onInput={(event) => onChange({ ...filter, find: event.currentTarget.value })}
      />
      <Choices
        label="State"
        value={filter.state}
        choices={STATES}
        onChange={(state) => onChange({ ...filter, state })}
      />
      <Choices
        label="Order"
        value={filter.order}
        choices={ORDERS}
        onChange={(order) => onChange({ ...filter, order })}
      />
      {children}
    </search>
  );
}

interface ChoicesProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly choices: Readonly<Record<Value, string>>;
  readonly onChange: (value: Value) => void;
}

function Choices<Value extends string>({ label, value, choices, onChange }: ChoicesProps<Value>) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value as Value)}
    >
      {Object.entries<string>(choices).map(([key, text]) => (
        <option key={key} value={key}>
          {text}
        </option>
      ))}
    </select>
  );
}
