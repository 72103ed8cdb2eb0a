//! `docs/runtimes.md` shows the table of paths as it is tested.

use super::paths::OWNED;

const DOCS: &str = include_str!("../../../../docs/runtimes.md");
const BEGIN: &str = "<!-- the table of recorder/src/resolver/tests/paths.rs begins -->\n";
const END: &str = "<!-- it ends -->\n";

#[test]
fn the_docs_have_the_table_of_paths() {
    let rows: String = OWNED
        .iter()
        .map(|row| {
            let id = match row.id {
                "A" => "its id".to_owned(),
                id => format!("`{id}`"),
            };
            format!(
                "| {} | {} | `{}` | {id} | {} |\n",
                row.kind.name(),
                row.form,
                row.path,
                row.source
            )
        })
        .collect();
    let table = format!(
        "\n| kind | form | path | known by | form comes from |\n| --- | --- | --- | --- | --- |\n{rows}\n"
    );
    let (_, rest) = DOCS.split_once(BEGIN).expect("the table begins somewhere");
    let (shown, _) = rest.split_once(END).expect("the table ends somewhere");
    assert!(
        shown == table,
        "docs/runtimes.md has another table than is tested; between its two marks belongs:\n{table}"
    );
}
