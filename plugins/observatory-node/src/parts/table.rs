//! Tables. On a phone a row becomes a list of names and values.

use maud::{Markup, Render, html};

/// Rows under columns; what a column is decides how its cells look, also on a phone.
///
/// ```
/// use greenroom_plugin_observatory_node::{Mark, parts::{Column, Order, Row, Table}};
/// use maud::{Render, html};
///
/// let table = Table::new("Slowest first")
///     .column(Column::state("State"))
///     .column(Column::title("Check"))
///     .column(Column::number("Took").sorted(Order::Descending, "?sort=took"))
///     .row(Row::new([Mark::Ok.word("Ok"), html! { a href="#" { "disk.data" } }, html! { "1 ms" }]))
///     .otherwise("No plugin has a check.");
/// assert!(table.render().into_string().contains(r#"<td role="cell" class="n" data-l="Took">1 ms</td>"#));
/// ```
#[must_use = "it is shown by maud"]
#[derive(Clone, Debug)]
pub struct Table {
    caption: Markup,
    columns: Vec<Column>,
    rows: Vec<Row>,
    otherwise: Option<Markup>,
}

/// A column.
#[must_use = "it is part of a `Table`"]
#[derive(Clone, Debug)]
pub struct Column {
    label: &'static str,
    place: Place,
    number: bool,
    sort: Option<(Option<Order>, String)>,
}

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The smallest first.
    Ascending,
    /// The largest, or newest, first.
    Descending,
}

/// One row: a cell for each column.
#[must_use = "it is part of a `Table`"]
#[derive(Clone, Debug)]
pub struct Row {
    cells: Vec<Markup>,
    current: bool,
}

/// Where a cell goes on a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The row's name: its first line.
    Title,
    /// At the right of the first line.
    State,
    /// A line of its own, below the column's name.
    Wide,
    /// With the column's name in front.
    Labelled,
}

impl Column {
    fn new(label: &'static str, place: Place, number: bool) -> Self {
        Self { label, place, number, sort: None }
    }

    /// The row's name; a link leads to the thing itself. A table has one.
    pub fn title(label: &'static str) -> Self {
        Self::new(label, Place::Title, false)
    }

    /// A mark with its word.
    pub fn state(label: &'static str) -> Self {
        Self::new(label, Place::State, false)
    }

    /// A number with its unit, or a time.
    pub fn number(label: &'static str) -> Self {
        Self::new(label, Place::Labelled, true)
    }

    /// A few words.
    pub fn text(label: &'static str) -> Self {
        Self::new(label, Place::Labelled, false)
    }

    /// A sentence, or a strip.
    pub fn wide(label: &'static str) -> Self {
        Self::new(label, Place::Wide, false)
    }

    /// The rows are sorted by it; the link sorts them the other way.
    pub fn sorted(mut self, order: Order, reverse: impl Into<String>) -> Self {
        self.sort = Some((Some(order), reverse.into()));
        self
    }

    /// The rows can be sorted by it.
    pub fn sortable(mut self, href: impl Into<String>) -> Self {
        self.sort = Some((None, href.into()));
        self
    }

    fn class(&self) -> &'static str {
        match (self.place, self.number) {
            (Place::Title, _) => "title break",
            (Place::State, _) => "state nw",
            (Place::Wide, _) => "wide",
            (Place::Labelled, true) => "n",
            (Place::Labelled, false) => "break",
        }
    }

    fn head(&self) -> Markup {
        let (order, href) = match &self.sort {
            Some((order, href)) => (*order, Some(href)),
            None => (None, None),
        };
        let sort = order.map(|order| if order == Order::Ascending { "ascending" } else { "descending" });
        let arrow = order.map_or("", |order| if order == Order::Ascending { " ↑" } else { " ↓" });
        html! {
            th role="columnheader" scope="col" class=[self.number.then_some("n")] aria-sort=[sort] {
                @match href {
                    Some(href) => a href=(href) { (self.label) (arrow) }
                    None => { (self.label) (arrow) }
                }
            }
        }
    }

    fn cell(&self, content: &Markup) -> Markup {
        let label = matches!(self.place, Place::Labelled | Place::Wide).then_some(self.label);
        html! {
            @if self.place == Place::Title {
                th role="rowheader" scope="row" class=(self.class()) { (content) }
            } @else {
                td role="cell" class=(self.class()) data-l=[label] { (content) }
            }
        }
    }
}

impl Row {
    /// Cells in the order of the columns.
    pub fn new(cells: impl IntoIterator<Item = Markup>) -> Self {
        Self { cells: cells.into_iter().collect(), current: false }
    }

    /// It is what the page is about.
    pub fn current(mut self) -> Self {
        self.current = true;
        self
    }
}

impl Table {
    /// The caption says the order or what is listed.
    pub fn new(caption: impl Render) -> Self {
        Self { caption: caption.render(), columns: vec![], rows: vec![], otherwise: None }
    }

    /// One more column.
    pub fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// One more row.
    pub fn row(mut self, row: Row) -> Self {
        self.rows.push(row);
        self
    }

    /// Many more rows.
    pub fn rows(mut self, rows: impl IntoIterator<Item = Row>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// The sentence in its place when there are no rows.
    pub fn otherwise(mut self, sentence: impl Render) -> Self {
        self.otherwise = Some(sentence.render());
        self
    }
}

impl Render for Table {
    fn render(&self) -> Markup {
        if let (true, Some(sentence)) = (self.rows.is_empty(), &self.otherwise) {
            return html! { div."panel pad" { p.quiet { (sentence) } } };
        }
        html! {
            div.panel {
                table.stackable role="table" {
                    caption { (self.caption) }
                    thead role="rowgroup" { tr role="row" { @for column in &self.columns { (column.head()) } } }
                    tbody role="rowgroup" {
                        @for row in &self.rows {
                            tr role="row" aria-current=[row.current.then_some("true")] {
                                @for (column, cell) in self.columns.iter().zip(&row.cells) { (column.cell(cell)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
