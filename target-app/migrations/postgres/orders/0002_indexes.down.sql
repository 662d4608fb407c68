ALTER TABLE order_items DROP CONSTRAINT order_items_order_id_fkey;
ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey;

DROP INDEX order_items_order_id;
DROP INDEX orders_customer_id;

ALTER TABLE order_items DROP CONSTRAINT order_items_pkey;
ALTER TABLE orders DROP CONSTRAINT orders_pkey;
ALTER TABLE customer DROP CONSTRAINT customer_pkey;
