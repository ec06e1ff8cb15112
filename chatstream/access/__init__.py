"""Who may do what. Until there are users, everything belongs to one owner."""

OWNER = "everyone"
