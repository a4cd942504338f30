# The server of the driver's own tests.
. "$(dirname "$0")/../../../../crates/database-postgres/tests/server/cluster.sh"
