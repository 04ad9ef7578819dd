import type { ReactNode } from "react";

export interface Column<Row> {
  /** "" for the column of the rows' buttons. */
  name: string;
  cell: (row: Row) => ReactNode;
  /** Names the row; one column at most. */
  isRowHeader?: boolean;
  /** For the cells' own layout. */
  className?: string;
}

export interface Selection {
  keys: ReadonlySet<string>;
  onChange: (keys: ReadonlySet<string>) => void;
}

interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** What a row is called, for its checkbox. */
  nameOf?: (row: Row) => string;
  selection?: Selection;
}

/** Rows under named columns; on narrow screens each row becomes a block that names its values itself. */
export function Table<Row>({ label, columns, rows, keyOf, nameOf = keyOf, selection }: TableProps<Row>) {
  return (
    <table className="table" aria-label={label}>
      <thead>
        <tr>
          {selection && <SelectAll keys={rows.map(keyOf)} selection={selection} />}
          {columns.map(({ name, className }) => (
            <th key={name} scope="col" className={className}>
              {name || <span className="visually-hidden">Actions</span>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)} data-selected={selection?.keys.has(keyOf(row)) || undefined}>
            {selection && <Select id={keyOf(row)} name={nameOf(row)} selection={selection} />}
            {columns.map((column) => (
              <TableCell key={column.name} column={column} row={row} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function TableCell<Row>({ column, row }: { column: Column<Row>; row: Row }) {
  const content = column.cell(row);
  if (column.isRowHeader)
    return (
      <th scope="row" className={column.className}>
        {content}
      </th>
    );
  return (
    <td className={column.className} data-name={column.name}>
      <div>{content}</div>
    </td>
  );
}

function SelectAll({ keys, selection }: { keys: string[]; selection: Selection }) {
  const chosen = keys.filter((key) => selection.keys.has(key)).length;
  return (
    <th scope="col" className="check-cell">
      <input
        type="checkbox"
        aria-label="Select all"
        checked={chosen > 0 && chosen === keys.length}
        ref={(box) => {
          if (box !== null) box.indeterminate = chosen > 0 && chosen < keys.length;
        }}
        onChange={({ target }) => selection.onChange(new Set(target.checked ? keys : []))}
      />
    </th>
  );
}

function Select({ id, name, selection }: { id: string; name: string; selection: Selection }) {
  return (
    <td className="check-cell">
      <input
        type="checkbox"
        aria-label={`Select ${name}`}
        checked={selection.keys.has(id)}
        onChange={() => selection.onChange(toggled(selection.keys, id))}
      />
    </td>
  );
}

/** `keys` with `key` put in, or taken out when it was there. */
export function toggled<K>(keys: ReadonlySet<K>, key: K): ReadonlySet<K> {
  const next = new Set(keys);
  if (!next.delete(key)) next.add(key);
  return next;
}
