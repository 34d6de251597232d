//! How a stage proves to its receiver who calls, beyond a fixed `Authorization` value.

/// By what a call is authorized. HTTP Basic is not among them: a fixed value is all that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A token by OAuth 2.0 client credentials (RFC 6749, section 4.4).
    OAuth2(OAuth2),
    /// AWS Signature Version 4, with the credentials of whoever runs the stage.
    SigV4(SigV4),
}

/// Where and how a token is got. The client's secret is one of the stage's secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth2 {
    /// The authorization server's token endpoint.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// The scopes that are asked for; may be empty.
    pub scopes: Vec<String>,
    /// The `audience` parameter, which some servers need.
    pub audience: Option<String>,
    /// How the client proves who it is.
    pub authentication: ClientAuthentication,
}

/// How an OAuth 2.0 client sends its secret (the names are those of RFC 7591, section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// In an `Authorization: Basic` header, which every server must support.
    #[default]
    Basic,
    /// In the request's body.
    Post,
}

impl ClientAuthentication {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Basic, Self::Post];

    /// Its registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
        }
    }
}

/// What a signature by AWS Signature Version 4 is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigV4 {
    /// The service's signing name: `lambda` for function URLs, `execute-api` for API Gateway.
    pub service: String,
    /// The region.
    pub region: String,
}

impl SigV4 {
    /// The service and the region that a host name of AWS tells: of a function URL, or of API Gateway.
    #[must_use]
    pub fn of_host(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        let mut labels = host.split('.').skip(1);
        let (service, region) = (labels.next()?, labels.next()?.to_owned());
        let rest: Vec<&str> = labels.collect();
        let service = match (service, rest.join(".").as_str()) {
            ("lambda-url", "on.aws") => "lambda",
            ("execute-api", "amazonaws.com" | "amazonaws.com.cn" | "api.aws") => "execute-api",
            _ => return None,
        };
        Some(Self {
            service: service.to_owned(),
            region,
        })
    }
}
