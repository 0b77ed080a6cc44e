// The policies of twelve.ts, as somebody writes them who writes CEL: by the names of those.
//
// CEL knows no order of levels, and by `claims.acr in […]` a level that nobody has heard of would be false, not undetermined: it
// takes the word of the profile, and the ladder of the vocabulary.

const ordersRead = `"read:orders" in scopes
  && ("admin" in roles || claims.tenant == params.tenantId)
  && now - claims.auth_time <= 900`

export const twelveInCel: Readonly<Record<string, string>> = {
  'orders.read': ordersRead,
  'payouts.create': `"payouts:write" in scopes
    && acrAtLeast("urn:example:loa:3")
    && now - claims.auth_time <= duration("5m")`,
  'm2m.ingest': `!has(claims.act)
    && claims.client_id in ["ingest-1", "ingest-2"]
    && "ingest:write" in scopes
    && cidr("10.20.0.0/16").containsIP(req.ip)`,
  'k8s.runner': `issuer("https://kubernetes.default.svc")
    && claims["kubernetes.io"].namespace == "ci"
    && claims["kubernetes.io"].serviceaccount.name == "runner"`,
  'users.edit': '("admin" in roles || claims.sub == params.userId) && !(claims.?suspended.orValue(false))',
  'books.close': `"accountant" in roles
    && now.getHours("Europe/Zurich") >= 8 && now.getHours("Europe/Zurich") < 18
    && now.getDayOfWeek("Europe/Zurich") in [1, 2, 3, 4, 5]`,
  // There are no names in CEL: the whole text stands there again.
  'eu.data': `${ordersRead} && claims["https://example.com/region"] in ["eu-west-1", "eu-central-1"]`,
  'payments.partner': 'claims.cnf["x5t#S256"] == mtls.thumbprint && "payments" in scopes',
  'mcp.files.write': `"mcp:tools:files.write" in scopes
    && (claims.cnf.jkt == dpop.jkt || claims.cnf["x5t#S256"] == mtls.thumbprint)
    && claims.client_id != "untrusted-agent"`,
  'delegated.read': `"read:mail" in scopes
    && (!has(claims.act) || claims.act.sub == "https://agent.example" && !has(claims.act.act))`,
  'reports.any': '"reports:read" in scopes',
  'kc.orders': `"orders-admin" in claims.realm_access.roles
    || "read" in claims.resource_access["orders-api"].roles`,
}

/** What a wildcard does for the other two faces is spelled out in this one. */
export const reportsOfWildcardInCel: string = 'scopes.exists(s, s in ["reports:read", "reports:*", "reports:**", "**"])'
