//! What rows hold, and how they are read and written.

use crate::domain::effect::Effect;
use crate::domain::time::Time;
use crate::ports::{Delivery, Publication, StoreError, Surface};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

type Result<T> = std::result::Result<T, StoreError>;

pub fn broken(why: impl Into<String>) -> StoreError {
    StoreError::Broken(why.into())
}

pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|why| broken(format!("a record cannot be read: {why}")))
}

pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|why| broken(format!("a record cannot be written: {why}")))
}

/// A delivery ready to be written, made by whoever brings it: the writer is one thread for all.
pub struct InboxRow {
    pub id: String,
    pub at: Time,
    /// The delivery without its body in JSON, a line break, the body compressed.
    pub bytes: Vec<u8>,
}

impl InboxRow {
    pub fn of(mut delivery: Delivery) -> Result<Self> {
        let body = std::mem::take(&mut delivery.body);
        let mut bytes = encode(&delivery)?;
        bytes.push(b'\n');
        bytes.append(&mut lz4_flex::compress_prepend_size(body.as_bytes()));
        Ok(Self { id: delivery.id, at: delivery.at, bytes })
    }

    pub fn read(bytes: &[u8]) -> Result<Delivery> {
        let end = memchr::memchr(b'\n', bytes).ok_or_else(|| broken("a delivery is damaged"))?;
        let mut delivery: Delivery = decode(&bytes[..end])?;
        let body =
            lz4_flex::decompress_size_prepended(&bytes[end + 1..]).ok().and_then(|body| String::from_utf8(body).ok());
        delivery.body = body.ok_or_else(|| broken("a delivery is damaged"))?;
        Ok(delivery)
    }
}

/// An effect as it waits.
#[derive(Serialize, Deserialize)]
pub struct OutboxRow {
    pub effect: Effect,
    pub not_before: Time,
    pub attempts: u32,
}

#[derive(Serialize, Deserialize)]
pub struct SeenRow {
    pub at: Time,
}

#[derive(Serialize, Deserialize)]
pub struct SurfaceRow {
    pub surface: Surface,
    pub publication: Publication,
}
