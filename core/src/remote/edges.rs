//! Edges of a record: pages of them, and adding, changing and removing one.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Action, EdgeEdit, EdgeOf, EdgePage, EdgeQuery, Match};
use crate::record::{Attributes, Change, Edge};
use crate::schema::{RecordType, Schema};
use crate::value::Target;

use super::client::Exchange;
use super::creates::{Sent, send_once};
use super::perform::{Performed, Performer};
use super::request::{Answer, Request};
use super::{decode, encode, lookup, parts};

/// Edges a page, as many as every CRM gives.
const PAGE: usize = 100;

/// Asks for a page of edges.
pub(super) fn page_request(query: &EdgeQuery) -> Request {
    let EdgeQuery { record_type, parent, relationship, limit, .. } = query;
    let end = record_type.relationship(*relationship);
    let path = [record_type.api_name(), &parent.to_string(), "relationship", &end.here().api_name];
    let mut request = Request::get(&path);
    request.parameters.push(("limit", limit.to_string()));
    if let Some(cursor) = &query.remote_cursor {
        request.parameters.push(("cursor", cursor.clone()));
    }
    request
}

/// The page of edges that an answer holds.
///
/// # Errors
/// `unavailable` for what is no such page.
pub(super) fn page(query: &EdgeQuery, answer: Answer) -> Result<EdgePage> {
    let EdgeQuery { record_type, parent, relationship, .. } = query;
    let mut answer = answer.body;
    let next_cursor = decode::next_cursor(&answer);
    let key = if answer["items"].is_array() { "items" } else { "data" };
    let Some(Json::Array(items)) = answer.get_mut(key).map(Json::take) else {
        return Err(lookup::no_list());
    };
    let edge = |item| decode::edge(record_type, *parent, *relationship, item);
    Ok(EdgePage {
        record_type: Arc::clone(record_type),
        parent: *parent,
        relationship: *relationship,
        edges: items.into_iter().map(edge).collect::<Result<_>>()?,
        next_cursor,
    })
}

/// Adds, changes or removes one edge of a record.
pub(super) async fn edit(
    performer: &Performer<'_>,
    record_type: &Arc<RecordType>,
    of: EdgeOf,
    relationship: usize,
    edit: &EdgeEdit,
) -> Result<Performed> {
    let EdgeOf::Record(id) = of else {
        let what = "an edge of a record that the same batch makes";
        return Err(Error::new(ErrorCode::OperationNotSupported, what));
    };
    let edges = Edges { performer, record_type, id, relationship };
    let (action, edge) = match edit {
        EdgeEdit::Add { target, attributes } => edges.add(target, attributes).await?,
        EdgeEdit::Update { target, attributes } => {
            (Action::Updated, edges.update(target, attributes).await?)
        }
        EdgeEdit::Remove { target } => {
            parts::remove(performer, edges.path(Some(target))).await?;
            return Ok(Performed::of(Action::Removed, id, None));
        }
    };
    let mut performed = Performed::of(action, id, None);
    performed.outcome.edge = Some(Box::new(edge));
    Ok(performed)
}

/// The edges of one relationship of a record.
struct Edges<'a> {
    performer: &'a Performer<'a>,
    record_type: &'a Arc<RecordType>,
    id: Uuid,
    relationship: usize,
}

impl Edges<'_> {
    fn path(&self, target: Option<&Uuid>) -> Vec<String> {
        let end = self.record_type.relationship(self.relationship);
        let record = self.id.to_string();
        let list = [self.record_type.api_name(), &record, "relationship", &end.here().api_name];
        list.iter().map(|part| (*part).to_owned()).chain(target.map(Uuid::to_string)).collect()
    }

    async fn add(&self, target: &Target, attributes: &Attributes) -> Result<(Action, Edge)> {
        let declared = &self.record_type.relationship(self.relationship).relationship.attributes;
        let mut body: Map<String, Json> = encode::edge_target(target);
        body.extend(encode::edge_attributes(declared, attributes));
        let request = Request::post(&[], Json::Object(body)).once();
        let request = Request { path: self.path(None), ..request };
        let exchange = self.performer.exchange;
        let edge = match send_once(exchange, &request, None, || self.find(target)).await? {
            Sent::Answered(answer) => {
                let is_new = answer.status == 201;
                let action = if is_new { Action::Created } else { Action::Updated };
                return Ok((action, self.edge_of(answer)?));
            }
            Sent::Found(edge) => edge,
        };
        // It may have been there before, and say something else.
        let is_other = |(index, change): (usize, &Change)| match change {
            Change::Set(value) => edge.values[index].as_ref() != Some(value),
            Change::Clear | Change::Merge(_) => edge.values[index].is_some(),
        };
        match attributes.iter().any(is_other) {
            true => Ok((Action::Updated, self.update(&edge.related, attributes).await?)),
            false => Ok((Action::Created, edge)),
        }
    }

    async fn update(&self, target: &Uuid, attributes: &Attributes) -> Result<Edge> {
        let declared = &self.record_type.relationship(self.relationship).relationship.attributes;
        let body = Json::Object(encode::edge_attributes(declared, attributes));
        let request = Request { path: self.path(Some(target)), ..Request::patch(&[], body) };
        self.edge_of(self.performer.send(request).await?)
    }

    fn edge_of(&self, answer: Answer) -> Result<Edge> {
        let mut document = answer.data();
        let item = document.get_mut("item").map(Json::take).unwrap_or_default();
        decode::edge(self.record_type, self.id, self.relationship, item)
    }

    /// The edge that leads there, where there is one.
    async fn find(&self, target: &Target) -> Result<Option<Edge>> {
        let exchange = self.performer.exchange;
        let found = match target {
            Target::Id(id) => Some(*id),
            Target::Match { key, value } => {
                let end = self.record_type.relationship(self.relationship);
                id_of(exchange, &end.there().record_type, key, value).await?
            }
        };
        // What leads nowhere was not added: asked again, the workspace says why.
        let Some(related) = found else { return Ok(None) };
        let mut query = EdgeQuery {
            record_type: Arc::clone(self.record_type),
            parent: self.id,
            relationship: self.relationship,
            limit: PAGE,
            after: None,
            remote_cursor: None,
        };
        loop {
            let answer = match exchange.send(&page_request(&query)).await {
                Ok(answer) => answer,
                Err(failure) if failure.error.code() == ErrorCode::RecordNotFound => {
                    return Ok(None);
                }
                Err(failure) => return Err(failure.error),
            };
            let page = page(&query, answer)?;
            let mut edges = page.edges.into_iter();
            if let Some(edge) = edges.find(|edge| edge.related == related) {
                return Ok(Some(edge));
            }
            let Some(cursor) = page.next_cursor else { return Ok(None) };
            query.remote_cursor = Some(cursor);
        }
    }
}

/// The id of the one record of a type with this value.
///
/// # Errors
/// `timeout` where what the key stands for is not known here.
async fn id_of(
    exchange: &Exchange,
    record_type: &str,
    key: &str,
    value: &Json,
) -> Result<Option<Uuid>> {
    let schema = Schema::remote();
    let unknown = |_| {
        let what = format!("it is not known whether a link to a {record_type} was added");
        let hint = "look whether it is there; where it is not, add it again, by the record's id";
        Error::new(ErrorCode::Timeout, what).hint(hint)
    };
    let record_type = schema.record_type(record_type).map_err(unknown)?;
    let object = Map::from_iter([(key.to_owned(), value.clone())]);
    let matching = Match::parse(record_type, object, None).map_err(unknown)?;
    match lookup::by_match(exchange, record_type, &matching).await {
        Ok(found) => Ok(found.map(|record| record.id)),
        Err(error) if error.code() == ErrorCode::AmbiguousMatch => Ok(None),
        Err(error) => Err(error),
    }
}
