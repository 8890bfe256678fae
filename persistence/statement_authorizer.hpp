#pragma once

namespace lockstep {

/// SQLite's authorizer callback; `store` is a library_store. It keeps a host's
/// statements from transactions, settings, other files and Lockstep's tables,
/// and the application's triggers from tracked tables while Lockstep writes
/// there.
int authorize_statement(void* store, int action, const char* subject,
                        const char* detail, const char* database,
                        const char* trigger);

} // namespace lockstep
