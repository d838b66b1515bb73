"""From the landing zone to the lake: cast, drop duplicates, set aside, account."""
