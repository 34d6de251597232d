use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::{items, stages, team, workflows};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "webhook-stage",
        description = "The Webhook stage of an annotation workflow: V7's routes for workflows and items.",
    ),
    servers((url = "/api")),
    paths(
        team::token_info,
        team::show,
        workflows::list,
        workflows::create,
        workflows::get,
        workflows::replace,
        workflows::remove,
        stages::test::test,
        stages::redeliver::redeliver,
        stages::hold::show,
        stages::hold::pause,
        stages::hold::resume,
        stages::hold::close,
        items::register::register,
        items::upload::upload,
        items::upload::register_uploaded,
        items::list::list,
        items::list::list_ids,
        items::list::general_counts,
        items::assign::stage,
        items::assign::assign,
        items::show::show,
        items::show::visits,
        items::commands::commands,
    ),
    modifiers(&Security),
    security(("ApiKey" = [])),
)]
struct Documentation;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let about = "`ApiKey <7 characters>.<32 characters>`, made by `webhook-stage keys add`";
        let key = ApiKey::Header(ApiKeyValue::with_description("Authorization", about));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("ApiKey", SecurityScheme::ApiKey(key));
    }
}

/// The OpenAPI 3.1 document of the routes, as JSON.
#[must_use]
pub fn openapi() -> String {
    let mut json = Documentation::openapi()
        .to_pretty_json()
        .unwrap_or_default();
    json.push('\n');
    json
}
